import { stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import {
  CHECKPOINT_FILES,
  type CorpusPart,
  createTokenShard,
  type Domain,
  documentTokens,
  type ExpertSet,
  encodeTokenShard,
  type ModelConfig,
  type PreparedShard,
  prepareInThreads,
  type RemoteModelHost,
  selectDisjoint,
  sequencesOf,
  spreadSequences,
  startModelHost,
} from '@connito/model';
import {
  type ArtifactHash,
  type ExpertGroup,
  type ExpertGroupId,
  NANO_NATS_PER_NAT,
  parseRunDefinition,
  type RunDefinition,
  type Source,
} from '@connito/protocol';
import type { ArtifactStore } from '@connito/store';
import { runError } from './errors.ts';
import { hashFile, pinnedLoss } from './model-session.ts';
import { LOCAL_PARAMETERS, type RunParameters } from './run-parameters.ts';

export type CreateRunOptions = {
  /** Folder of a Hugging Face checkpoint of the Qwen3-MoE family, with its tokenizer. */
  readonly model: string;
  readonly artifacts: ArtifactStore;
  /** Domains to adapt, one expert group each. */
  readonly domains: readonly string[];
  readonly name?: string;
  readonly innerSteps?: number;
  readonly threads: number;
  readonly parameters?: RunParameters;
  /** Experts of each layer a group trains, and the layers. Default: a quarter of the experts of the upper half. */
  readonly selection?: {
    readonly maxPerLayer: number;
    readonly layers: readonly number[];
    readonly share: number;
  };
  /** The first so many documents of each text, for tests. */
  readonly maxDocuments?: number;
  /** Tokenised texts in place of the known ones, for tests: held-out and reporting of all domains, and training of the run's. */
  readonly corpora?: readonly PreparedShard[];
  readonly onProgress?: (what: string) => void;
};

/** Domains that this build has texts for. */
export const KNOWN_DOMAINS: readonly Domain[] = ['code', 'law', 'math', 'prose'];

/** Sequences whose routing is profiled for each domain, and sequences of the pinned text. */
const PROFILED_SEQUENCES = 48;
const PINNED_SEQUENCES = 16;
/** Room for another machine's arithmetic; a wrong tensor or a wrong norm is far outside. */
const PINNED_TOLERANCE_NANO_NATS = 2_000_000;

/**
 * Makes a run: tokenises the texts once, chooses each domain's experts by how its text is routed, pins the base model by hash
 * and loss, and stores all shards. Fails with `run_unusable` naming what does not fit.
 */
export async function createRun(options: CreateRunOptions): Promise<RunDefinition> {
  const { model, artifacts, onProgress = () => undefined } = options;
  const domains = requireDomains(options.domains);
  const parameters = options.parameters ?? LOCAL_PARAMETERS;
  const { host, stop } = startModelHost(options.threads);
  try {
    // First, since a checkpoint that cannot be used is known at once, and the texts take a while.
    const config = await host.open(model);
    onProgress('Reading and tokenising the texts');
    const tokenizerPath = join(model, 'tokenizer.json');
    const prepared = options.corpora ?? (await prepareTexts(options, tokenizerPath, domains));
    const sources = new Map<string, Source>();
    for (const shard of prepared) {
      const source = await storeSource(shard, artifacts, parameters.scoring.sequenceTokens);
      sources.set(source.id, source);
    }

    onProgress('Checking the base model and choosing experts');
    const { sequenceTokens } = parameters.scoring;
    const check = await pin(host, prepared, artifacts, sequenceTokens);
    const experts = await chooseExperts(host, config, prepared, domains, sequenceTokens, options.selection);
    const groups = domains.map((domain, i) => group(domain, experts.get(domain)!, share(i, domains.length)));
    return parseRunDefinition({
      protocol: 'connito/1',
      name: options.name ?? 'local',
      baseModel: { files: await describeFiles(model), architecture: architectureOf(config), check },
      tokenizer: await hashFile(tokenizerPath),
      sources: [...sources.values()],
      groups,
      generalSources: KNOWN_DOMAINS.filter((domain) => !domains.includes(domain)).map(
        (domain) => `${domain}-heldout`,
      ),
      reportingSources: KNOWN_DOMAINS.map((domain) => `${domain}-reporting`),
      ...parameters,
      inner: { ...parameters.inner, steps: options.innerSteps ?? parameters.inner.steps },
    });
  } finally {
    await stop();
  }
}

/** Tokenises what a run of some domains needs: all parts of those, and held-out and reporting texts of the others. */
function prepareTexts(
  { maxDocuments }: CreateRunOptions,
  tokenizerPath: string,
  domains: readonly Domain[],
): Promise<PreparedShard[]> {
  const parts = KNOWN_DOMAINS.map((domain): [Domain, CorpusPart[]] => [
    domain,
    domains.includes(domain) ? ['adapt', 'heldout', 'reporting'] : ['heldout', 'reporting'],
  ]);
  return prepareInThreads({
    tokenizerPath,
    parts: new Map(parts),
    threads: availableParallelism(),
    ...(maxDocuments === undefined ? {} : { maxDocuments }),
  });
}

function requireDomains(domains: readonly string[]): readonly Domain[] {
  const known = KNOWN_DOMAINS.join(', ');
  for (const domain of domains) {
    if (!(KNOWN_DOMAINS as readonly string[]).includes(domain)) {
      throw runError('run_unusable', `There is no domain "${domain}"; choose from ${known}.`, { domain });
    }
  }
  if (domains.length === 0 || new Set(domains).size !== domains.length) {
    throw runError('run_unusable', `A run needs one or more different domains; got "${domains.join(',')}".`);
  }
  if (domains.length === KNOWN_DOMAINS.length) {
    const message = `One of ${known} must stay untrained: general loss is measured on it.`;
    throw runError('run_unusable', message);
  }
  return domains as readonly Domain[];
}

const ROLES = {
  adapt: 'training',
  heldout: 'held-out',
  reporting: 'reporting',
  pretrain: 'training',
} as const;

/** Held-out shards keep only documents with a whole sequence, so that a document number is a sequence number. */
async function storeSource(
  prepared: PreparedShard,
  artifacts: ArtifactStore,
  sequenceTokens: number,
): Promise<Source> {
  const { domain, part, licence } = prepared;
  const shard = part === 'adapt' ? prepared.shard : longEnough(prepared.shard, sequenceTokens + 1);
  const artifact = await artifacts.put(encodeTokenShard(shard));
  const documents = shard.offsets.length - 1;
  return {
    id: `${domain}-${part}`,
    domain,
    role: ROLES[part],
    artifact,
    documents,
    tokens: shard.tokens.length,
    licence,
  };
}

function longEnough(shard: PreparedShard['shard'], tokens: number): PreparedShard['shard'] {
  const documents = shard.clusters.map((cluster, i) => ({
    cluster,
    tokens: Uint32Array.from(documentTokens(shard, i)),
  }));
  return createTokenShard(
    documents.filter((document) => document.tokens.length >= tokens),
    shard.vocabularySize,
  );
}

/** The pinned text: some reporting sequences of every domain, and the base model's loss on them. */
async function pin(
  host: RemoteModelHost,
  prepared: readonly PreparedShard[],
  artifacts: ArtifactStore,
  sequenceTokens: number,
): Promise<RunDefinition['baseModel']['check']> {
  const documents: { tokens: Uint32Array; cluster: string }[] = [];
  const reporting = prepared.filter(({ part }) => part === 'reporting');
  for (const { shard } of reporting) {
    const { documents: rows } = sequencesOf(shard, sequenceTokens);
    for (const row of rows.slice(0, PINNED_SEQUENCES / reporting.length)) {
      documents.push({ tokens: Uint32Array.from(documentTokens(shard, row)), cluster: shard.clusters[row]! });
    }
  }
  const shard = createTokenShard(documents, reporting[0]!.shard.vocabularySize);
  const loss = await pinnedLoss(host, shard, sequenceTokens);
  if (!Number.isFinite(loss)) {
    throw runError(
      'run_unusable',
      `The base model's loss on the pinned text is ${loss}; the checkpoint is broken.`,
    );
  }
  return {
    tokens: await artifacts.put(encodeTokenShard(shard)),
    lossNanoNats: Math.round(loss * NANO_NATS_PER_NAT),
    toleranceNanoNats: PINNED_TOLERANCE_NANO_NATS,
  };
}

async function chooseExperts(
  host: RemoteModelHost,
  config: ModelConfig,
  prepared: readonly PreparedShard[],
  domains: readonly Domain[],
  sequenceTokens: number,
  selection: CreateRunOptions['selection'],
): Promise<Map<string, ExpertSet>> {
  const scores = new Map<string, readonly (readonly number[])[]>();
  for (const domain of domains) {
    const { shard } = prepared.find(
      (candidate) => candidate.domain === domain && candidate.part === 'adapt',
    )!;
    const profile = await host.profile(spreadSequences(shard, sequenceTokens, PROFILED_SEQUENCES));
    scores.set(domain, profile.gate);
  }
  const upperHalf = Array.from(
    { length: Math.ceil(config.layers / 2) },
    (_, i) => config.layers - 1 - i,
  ).sort();
  const options = selection ?? { maxPerLayer: Math.ceil(config.experts / 4), layers: upperHalf, share: 1 };
  const chosen = selectDisjoint(scores, options);
  for (const [domain, experts] of chosen) {
    if (experts.size === 0) {
      const message = `No expert is left for domain "${domain}"; train fewer domains or fewer experts per layer.`;
      throw runError('run_unusable', message, { domain });
    }
  }
  return chosen;
}

function group(domain: Domain, experts: ExpertSet, emissionShare: string): ExpertGroup {
  return {
    id: domain as string as ExpertGroupId,
    domain,
    experts: Object.fromEntries([...experts].map(([layer, numbers]) => [`${layer}`, [...numbers]])),
    emissionShare,
    trainingSource: `${domain}-adapt`,
    heldOutSource: `${domain}-heldout`,
  };
}

/** Equal decimal shares that sum to exactly 1: the first takes the rounding. */
function share(index: number, count: number): string {
  const digits = 1_000_000;
  const each = Math.floor(digits / count);
  const own = index === 0 ? digits - each * (count - 1) : each;
  return own === digits ? '1' : `0.${String(own).padStart(6, '0')}`;
}

function architectureOf(config: ModelConfig): RunDefinition['baseModel']['architecture'] {
  return {
    kind: 'qwen3-moe',
    numHiddenLayers: config.layers,
    numExperts: config.experts,
    hiddenSize: config.hiddenSize,
    moeIntermediateSize: config.expertSize,
  };
}

async function describeFiles(folder: string): Promise<RunDefinition['baseModel']['files']> {
  const files: { path: string; bytes: number; sha256: ArtifactHash }[] = [];
  for (const path of CHECKPOINT_FILES) {
    const sha256 = await hashFile(join(folder, path));
    files.push({ path, bytes: (await stat(join(folder, path))).size, sha256 });
  }
  return files;
}
