import { type Sequences, spreadSequences } from '@connito/model';
import {
  type ExpertGroup,
  type ExpertGroupId,
  float32Bytes,
  groupOf,
  type Hotkey,
  phaseAt,
  type StateHash,
  sha256Hex,
  type TensorMap,
} from '@connito/protocol';
import type { RoundRecord } from '@connito/run';
import {
  CanonicalChain,
  nativeSha256,
  openModelSession,
  Participants,
  type RunContext,
  readRound,
  StateLoader,
  sourceOf,
  TokenSources,
} from '@connito/run';
import { marketError } from '../errors.ts';
import { assemblePackage } from '../package/assemble-package.ts';
import { baseHashOf } from '../package/base-identity.ts';
import type { ExpertManifest } from '../package/expert-manifest.ts';
import type { PackageFiles } from '../package/layout.ts';
import { licenceOfSources } from '../package/licence.ts';
import type { ExpertPackage } from '../package/verify-package.ts';
import { licenceText } from './licence-text.ts';
import { type LineageShares, lineageOf } from './lineage.ts';
import { measureExperts, requireHelpful } from './measure-experts.ts';

export type BuildOptions = {
  readonly modelFolder: string;
  readonly threads: number;
  readonly group: string;
  /** Package the state after this round; null: after the last one. */
  readonly round: number | null;
  readonly name: string;
  readonly version: string;
  /** Null: a sentence is made. */
  readonly description: string | null;
  /** SPDX identifiers; null: those of the run's training sources. */
  readonly licence: string | null;
  readonly publisher: Hotkey;
  readonly pricePerMillionTokens: number;
  /** At most so many sequences of each reporting text are measured. */
  readonly sequencesPerSource: number;
  /** As a fraction of the base's loss; see `requireHelpful`. */
  readonly maxGeneralRise: number;
  /**
   * Makes `router.safetensors` of the experts and of text they were trained on; without it the package has none. A seam, because
   * what a router is fitted from is for `@connito/composition` to say.
   */
  readonly routerOf?: (experts: TensorMap, text: Sequences) => Promise<Uint8Array>;
  readonly onProgress?: (text: string) => void;
};

/**
 * Builds the package of one expert group from a run's ledger and store: parameters of the canonical state, lineage and shares
 * from the reports, licence from the sources, and losses measured here with the real model. Unsigned. Fails with
 * `nothing_to_package`, `package_harmful`, `package_unlicensed`, and the errors of the run.
 */
export async function buildPackage(context: RunContext, options: BuildOptions): Promise<PackageFiles> {
  const { definition } = context;
  const { group: id, onProgress = () => undefined } = options;
  const group = definition.groups.find((candidate) => candidate.id === id);
  if (group === undefined) {
    const known = definition.groups.map((candidate) => candidate.id).join(', ');
    throw marketError('nothing_to_package', `The run has no expert group "${id}"; it has ${known}.`, { id });
  }
  onProgress('Loading the base model');
  const session = await openModelSession(context, options);
  try {
    onProgress('Reading the rounds');
    const read = await readLineage(context, session.genesis.hash, group.id, options.round);
    const loader = new StateLoader(context, session.genesis);
    const loaded = await loader.load(read.state, { momentum: false });
    const { parameters } = loaded.groups.get(group.id)!;
    const experts = { domain: group.domain, parameters };
    const measure = [context, session, experts, options.sequencesPerSource, onProgress] as const;
    const evaluation = await measureExperts(...measure);
    requireHelpful(evaluation, options.maxGeneralRise);
    const { id: source, domain, artifact, tokens, licence } = sourceOf(definition, group.trainingSource);
    const sources = [{ id: source, domain, artifact, tokens, licence }];
    const terms = options.licence ?? licenceOfSources(sources);
    const { files, architecture } = definition.baseModel;
    const facts = {
      name: options.name,
      version: options.version,
      description:
        options.description ?? `Experts for ${group.domain}, trained in ${read.shares.mergedRounds} rounds.`,
      licence: terms,
      publisher: options.publisher,
      pricePerMillionTokens: options.pricePerMillionTokens,
      base: { hash: baseHashOf(files), files, architecture },
      domain: group.domain,
      group: group.id,
      experts: group.experts,
      lineage: { run: context.run, state: read.state.hash, ...read.shares, sources },
      evaluation,
    };
    const routerFile = await makeRouterFile(context, group, parameters, options);
    return assemblePackage(facts, {
      parameters,
      licenceText: licenceText(terms, sources),
      ...(routerFile === null ? {} : { routerFile }),
    });
  } finally {
    await session.stop();
  }
}

const ROUTER_SEQUENCES = 96;
/** Of each sequence, where enough documents have so many; else as many as the run scores. */
const ROUTER_TOKENS = 128;

async function makeRouterFile(
  context: RunContext,
  group: ExpertGroup,
  parameters: TensorMap,
  { routerOf, onProgress = () => undefined }: BuildOptions,
): Promise<Uint8Array | null> {
  if (routerOf === undefined) return null;
  onProgress(`Collecting router statistics on ${group.trainingSource}`);
  const shard = await new TokenSources(context).shard(group.trainingSource);
  const long = spreadSequences(shard, ROUTER_TOKENS, ROUTER_SEQUENCES);
  const { sequenceTokens } = context.definition.scoring;
  const enough = long.count * 2 >= ROUTER_SEQUENCES;
  const text = enough ? long : spreadSequences(shard, sequenceTokens, ROUTER_SEQUENCES);
  return routerOf(parameters, text);
}

/**
 * Checks a verified package against its run: that its parameters are the canonical state's, and its lineage what the reports
 * say. Nothing is measured again. Fails with `package_corrupt`, naming the first difference.
 */
export async function requireLineage(
  context: RunContext,
  { manifest, parameters }: Pick<ExpertPackage, 'manifest' | 'parameters'>,
  genesis: StateHash,
): Promise<void> {
  const { lineage } = manifest;
  const differs = (what: string) => {
    const message = `${manifest.name} ${manifest.version} does not follow from its run: ${what}.`;
    return marketError('package_corrupt', message, { name: manifest.name });
  };
  if (lineage.run !== context.run) throw differs(`it was made by run ${lineage.run}, this is ${context.run}`);
  const { state, shares } = await readLineage(context, genesis, manifest.group, lineage.lastRound);
  if (state.hash !== lineage.state) {
    throw differs(`after round ${lineage.lastRound} the state was ${state.hash}, not ${lineage.state}`);
  }
  if (JSON.stringify(shares.miners) !== JSON.stringify(lineage.miners)) {
    throw differs('the reports credit other miners, or in other shares');
  }
  if (shares.mergedRounds !== lineage.mergedRounds) {
    throw differs(`the group took ${shares.mergedRounds} steps, not ${lineage.mergedRounds}`);
  }
  const own = await stateParametersOf(context, state, manifest);
  for (const [name, hash] of own) {
    const found = parameters.get(name);
    if (found === undefined || hashOf(found.data) !== hash) throw differs(`${name} is not the state's`);
  }
}

async function stateParametersOf(
  context: RunContext,
  state: Awaited<ReturnType<typeof readLineage>>['state'],
  manifest: ExpertManifest,
): Promise<ReadonlyMap<string, string>> {
  // No genesis is at hand and none is wanted: a package is made of a state that some round made.
  const nothing = { hash: '' as StateHash, groups: new Map() };
  const loaded = await new StateLoader(context, nothing).load(state, { momentum: false });
  const tensors: TensorMap = loaded.groups.get(groupOf(context.definition, manifest.group).id)!.parameters;
  return new Map([...tensors].map(([name, { data }]) => [name, hashOf(data)]));
}

function hashOf(data: Float32Array): string {
  return sha256Hex(float32Bytes(data), nativeSha256);
}

/** A group's lineage up to a round, and the canonical state after it. */
async function readLineage(
  context: RunContext,
  genesis: StateHash,
  group: ExpertGroupId,
  upTo: number | null,
): Promise<{
  readonly state: Awaited<ReturnType<CanonicalChain['stateBefore']>>;
  readonly shares: LineageShares;
}> {
  const { definition, ledger } = context;
  const head = await ledger.head();
  const point = phaseAt(head.number + 1, definition.schedule);
  const finished = point.phase === 'waiting' ? -1 : point.round - 1;
  if (upTo !== null && upTo > finished) {
    const message = `Round ${upTo} is not over; the last one that is, is ${finished}.`;
    throw marketError('nothing_to_package', message, { round: upTo });
  }
  const participants = new Participants(context);
  const chain = new CanonicalChain(context, participants, genesis);
  const records: RoundRecord[] = [];
  for (let round = 0; round <= (upTo ?? finished); round++) {
    records.push(await readRound(context, { participants, chain }, round));
  }
  const shares = lineageOf(records, group);
  if (shares === null) {
    const message = `Group "${group}" has taken no step in ${records.length} rounds, so there is nothing to package.`;
    throw marketError('nothing_to_package', message, { group });
  }
  // Later rounds may have changed other groups' experts; this group's are the same since its last step.
  return { state: (await chain.outcomeOf(shares.lastRound)).state, shares };
}
