import { createHash, randomBytes } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { isAbsolute, join, relative } from 'node:path';
import { type Backend, onnxBackend } from '@connito/engine';
import {
  CHECKPOINT_FILES,
  type Checkpoint,
  ForwardPass,
  loadCheckpoint,
  parseTokenizerJson,
  type Sequences,
  saveCheckpoint,
} from '@connito/model';
import { fileError, type Keypair, systemCode } from '@connito/node';
import { type ArtifactHash, NANO_NATS_PER_NAT } from '@connito/protocol';
import { baseHashOfFolder } from './base-identity.ts';
import { buildComposition, specialistModel } from './compose.ts';
import { compositionError } from './errors.ts';
import { exportGguf } from './gguf/export-gguf.ts';
import type { GgufType } from './gguf/gguf-file.ts';
import {
  COMPOSITION_FILE,
  type CompositionEvaluation,
  type CompositionManifest,
  type ExpertOrigin,
  encodeComposition,
  signComposition,
} from './manifest/composition-manifest.ts';
import { identifyFile, TOKENIZER_FILES } from './manifest/verify-composition.ts';
import { type DomainLosses, type LossTable, Measurer } from './measure/loss-table.ts';
import { type CompositionBounds, type CompositionVerdict, judgeComposition } from './measure/verdict.ts';
import {
  type Companions,
  type Placement,
  type PlacementMode,
  placeSpecialists,
  type Slot,
} from './placement/placement.ts';
import { collectStatistics } from './router/collect-statistics.ts';
import { jointRows } from './router/joint-rows.ts';
import { REFINEMENT, refineComposition } from './router/refine-composition.ts';
import type { Refined } from './router/refine-rows.ts';
import type { RefinementTexts } from './router/refinement-texts.ts';
import { ridgeRows } from './router/ridge-rows.ts';
import { encodeBaseStatistics, type RoutingStatistics } from './router/routing-statistics.ts';
import { requireFitting, type Specialist } from './specialist.ts';

const STATISTICS_BATCH = 8;

export type ComposeOptions = {
  readonly name: string;
  readonly base: string;
  /** Folder to write; must not exist or be empty. */
  readonly out: string;
  readonly mode: PlacementMode;
  readonly companions: Companions;
  /** Gradient steps on the rows of added experts, after the closed form; 0: none. */
  readonly refineSteps: number;
  readonly bounds: CompositionBounds;
  /** Write a composition that is beyond its bounds all the same; its manifest says what is. */
  readonly acceptWorse: boolean;
  readonly type: 'F32' | 'BF16';
  readonly gguf: { readonly path: string; readonly type: GgufType } | null;
};

export type ComposeTexts = {
  /** General text by kind, for the base's routing statistics; kinds are named as domains are. */
  readonly base: ReadonlyMap<string, Sequences>;
  /** What is measured on, by domain, never used for training or statistics; at least every specialist's domain. */
  readonly measured: ReadonlyMap<string, Sequences>;
  /** Name of that part of the texts. */
  readonly measuredPart: string;
  /** What rows are refined on; apart from what is measured. */
  readonly refinement: RefinementTexts & { readonly fitPart: string; readonly choicePart: string };
};

export type ComposeMeans = {
  readonly threads: number;
  readonly keypair: Keypair;
  readonly signal?: AbortSignal;
  /** Told how far the rows are: after how many steps, and how much of its allowance each text uses then. */
  readonly onRefined?: (step: number, shares: ReadonlyMap<string, number>) => void;
};

export type Composed = {
  readonly manifest: CompositionManifest;
  readonly placement: Placement;
  readonly table: LossTable;
  readonly verdict: CompositionVerdict;
};

/**
 * Composes specialists with a base into a Hugging Face folder with a signed manifest, and measures what was written. Nothing
 * appears under the folder's name before it has passed its bounds. Fails with the codes of `errors.ts`.
 */
export async function composeFolder(
  options: ComposeOptions,
  specialists: readonly Specialist[],
  texts: ComposeTexts,
  { threads, keypair, signal, onRefined }: ComposeMeans,
): Promise<Composed> {
  const backend = onnxBackend({ threads });
  const base = await loadCheckpoint(options.base);
  const baseHash = await baseHashOfFolder(options.base);
  for (const specialist of specialists) requireFitting(specialist, base.config, baseHash);
  const { fit, choice } = texts.refinement;
  const unmeasured = specialists.find(({ domain }) =>
    [texts.measured, fit, choice].some((part) => !part.has(domain)),
  );
  if (unmeasured !== undefined) {
    const message = `There is no text of domain "${unmeasured.domain}" to measure ${unmeasured.id} on, and nothing is composed unmeasured.`;
    throw compositionError('composition_conflict', message, { package: unmeasured.id });
  }
  await requireFreeFolder(options.out);
  if (options.gguf !== null) requireOutside(options.gguf.path, options.out);
  const placement = placeSpecialists(specialists, base.config, options.mode, options.companions);
  const rowsOf = options.refineSteps === 0 ? ridgeRows : jointRows;
  const solved = await assemble(base, specialists, placement, texts.base, rowsOf, backend);
  const { statistics } = solved;
  const refined =
    placement.added.length === 0 || options.refineSteps === 0
      ? null
      : await refineComposition(backend, base, specialists, placement, solved.composition, texts.refinement, {
          steps: options.refineSteps,
          ...(signal === undefined ? {} : { signal }),
          ...(onRefined === undefined ? {} : { onCheck: onRefined }),
        });
  const composition = refined?.model ?? solved.composition;

  const folder = `${options.out}.${randomBytes(6).toString('hex')}.part`;
  try {
    await saveCheckpoint(folder, composition.config, composition.parameters, options.type);
    const copied = await copyTokenizer(options.base, folder);
    if (statistics !== null) await writeFile(join(folder, BASE_STATISTICS_FILE), statistics);
    // What is measured is what a reader of the folder gets, rounding included.
    const written = await loadCheckpoint(folder);
    await using measurer = new Measurer(backend, texts.measured, signal);
    const table = await measurer.table(base, specialists, written);
    const verdict = judgeComposition(table, specialists, options.bounds);
    if (verdict.failures.length > 0 && !options.acceptWorse) throw refuseWorse(verdict, placement, options);
    const paths = [...CHECKPOINT_FILES, ...copied.filter((path) => path !== 'tokenizer.json')];
    if (statistics !== null) paths.push(BASE_STATISTICS_FILE);
    const manifest: CompositionManifest = {
      protocol: 'connito/1',
      name: options.name,
      author: keypair.hotkey,
      base: { hash: baseHash, experts: base.config.experts },
      packages: specialists.map(({ id, domain, contentHash }) => ({
        id,
        domain,
        contentHash,
        placement: placement.added.includes(id) ? 'added' : 'in-place',
      })),
      router: {
        method: routerMethod(statistics !== null, refined),
        baseStatistics: statistics === null ? null : sha256(statistics),
        refinement:
          refined === null
            ? null
            : {
                steps: options.refineSteps,
                chosen: refined.step,
                sequences: REFINEMENT.sequences,
                learningRate: decimal(REFINEMENT.learningRate),
                fitText: texts.refinement.fitPart,
                choiceText: texts.refinement.choicePart,
              },
      },
      layers: originsOf(placement, specialists),
      files: await Promise.all(paths.map((path) => identifyFile(folder, path))),
      evaluation: evaluationOf(texts, specialists, table, verdict, options.bounds),
    };
    const signed = await signComposition(manifest, keypair.sign);
    await writeFile(join(folder, COMPOSITION_FILE), encodeComposition(signed));
    if (options.gguf !== null) {
      const tokenizer = parseTokenizerJson(await readFile(join(folder, 'tokenizer.json'), 'utf8'));
      await exportGguf(options.gguf.path, written, tokenizer, {
        name: options.name,
        type: options.gguf.type,
      });
    }
    await publishFolder(folder, options.out);
    return { manifest, placement, table, verdict };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function routerMethod(solved: boolean, refined: Refined | null): CompositionManifest['router']['method'] {
  if (!solved) return 'native';
  if (refined === null) return 'ridge';
  return refined.step === 0 ? 'joint-ridge' : 'ridge-gradient';
}

/**
 * The base's routing statistics, in the composed folder: what its router rows were solved from. In safetensors' format, but not
 * by its name: strict loaders take every `*.safetensors` of a folder for parameters.
 */
export const BASE_STATISTICS_FILE = 'base-router.statistics';

async function assemble(
  base: Checkpoint,
  specialists: readonly Specialist[],
  placement: Placement,
  text: ReadonlyMap<string, Sequences>,
  rowsOf: typeof jointRows,
  backend: Backend,
): Promise<{ readonly composition: Checkpoint; readonly statistics: Uint8Array | null }> {
  const none = (): never => {
    throw new RangeError('no expert is added');
  };
  if (placement.added.length === 0)
    return { composition: buildComposition(base, specialists, placement, none), statistics: null };
  const statistics = new Map<string, RoutingStatistics>();
  for (const [kind, sequences] of text) statistics.set(kind, await statisticsOf(backend, base, sequences));
  const rows = rowsOf(base, statistics, specialists);
  return {
    composition: buildComposition(base, specialists, placement, rows),
    statistics: encodeBaseStatistics(statistics),
  };
}

/** The routing statistics of a specialist's own model on its domain's training text. */
export async function specialistStatistics(
  base: Checkpoint,
  specialist: Pick<Specialist, 'parameters'>,
  text: Sequences,
  threads: number,
): Promise<RoutingStatistics> {
  return statisticsOf(onnxBackend({ threads }), specialistModel(base, specialist), text);
}

async function statisticsOf(
  backend: Backend,
  { config, parameters }: Checkpoint,
  text: Sequences,
): Promise<RoutingStatistics> {
  const shape = { sequences: Math.min(STATISTICS_BATCH, text.count), tokens: text.tokens };
  const pass = await ForwardPass.create(backend, config, shape);
  const statistics = await collectStatistics(backend, pass, parameters, text);
  await pass.dispose();
  return statistics;
}

async function copyTokenizer(from: string, to: string): Promise<string[]> {
  const copied: string[] = [];
  for (const path of TOKENIZER_FILES) {
    try {
      await copyFile(join(from, path), join(to, path));
      copied.push(path);
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw fileError(error, join(to, path));
    }
  }
  return copied;
}

/** Makes the folder's parent. Fails with `composition_conflict` where the folder exists and is not empty. */
export async function requireFreeFolder(folder: string): Promise<void> {
  try {
    const found = await readdir(folder);
    if (found.length === 0) return;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') {
      await mkdir(join(folder, '..'), { recursive: true });
      return;
    }
    throw fileError(error, folder);
  }
  const message = `${folder} is not empty; give another --out, or empty it first.`;
  throw compositionError('composition_conflict', message, { folder });
}

/** The folder appears as a whole, with what its manifest names and nothing else. */
function requireOutside(gguf: string, folder: string): void {
  const path = relative(folder, gguf);
  if (path !== '' && (path.startsWith('..') || isAbsolute(path))) return;
  const message = `The GGUF file ${gguf} would be in ${folder}, whose files are all named in ${COMPOSITION_FILE}; give a path outside of it.`;
  throw compositionError('composition_conflict', message, { path: gguf });
}

/** Gives the folder its name. What was put under that name meanwhile stays: then this fails with `composition_conflict`. */
async function publishFolder(folder: string, name: string): Promise<void> {
  try {
    // An empty folder of that name would be in the way on some systems.
    await rmdir(name).catch((error: unknown) => {
      if (systemCode(error) !== 'ENOENT') throw error;
    });
    await rename(folder, name);
  } catch (error) {
    const code = systemCode(error);
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST' && code !== 'ENOTDIR') throw fileError(error, name);
    const message = `Something was put into ${name} while it was being composed. Nothing of it was touched; give another --out.`;
    throw compositionError('composition_conflict', message, { folder: name });
  }
}

function originsOf(placement: Placement, specialists: readonly Specialist[]): CompositionManifest['layers'] {
  const number = (id: string): number => specialists.findIndex((specialist) => specialist.id === id);
  const originOf = (slot: Slot): ExpertOrigin => {
    switch (slot.kind) {
      case 'base':
      case 'spare':
        return { kind: slot.kind, expert: slot.expert };
      case 'trained':
      case 'companion':
        return { kind: slot.kind, package: number(slot.specialist), expert: slot.expert };
    }
  };
  return placement.layers.map((slots) => slots.map(originOf));
}

function evaluationOf(
  texts: ComposeTexts,
  specialists: readonly Specialist[],
  { base, composition, average, alone }: LossTable,
  { failures }: CompositionVerdict,
  bounds: CompositionBounds,
): CompositionEvaluation {
  const [first] = texts.measured.values();
  const rows = (losses: DomainLosses) =>
    [...losses].map(([domain, loss]) => ({ domain, lossNanoNats: Math.round(loss * NANO_NATS_PER_NAT) }));
  return {
    text: texts.measuredPart,
    sequenceTokens: first!.tokens,
    sequences: [...texts.measured].map(([domain, { count }]) => ({ domain, count })),
    base: rows(base),
    composition: rows(composition),
    average: rows(average),
    alone: specialists.map(({ id }) => rows(alone.get(id)!)),
    bounds: {
      minOracleRatio: decimal(bounds.minOracleRatio),
      maxGeneralRise: decimal(bounds.maxGeneralRise),
    },
    failures: [...failures],
  };
}

/** A share as a plain decimal string. */
function decimal(share: number): string {
  return share.toFixed(9).replace(/\.?0+$/, '');
}

function refuseWorse(
  { failures }: CompositionVerdict,
  { inPlace }: Placement,
  { companions }: ComposeOptions,
) {
  const remedies = [
    'Leave a package out',
    ...(inPlace.length === 0 ? [] : ["add the packages beside the base's experts with --placement added"]),
    ...(companions === 'all' ? [] : ['add experts with more --companions']),
    'or write it all the same with --accept-worse.',
  ];
  const message = `The composition is not written, because it lost more than its bounds allow:\n${failures.map((failure) => `- ${failure}`).join('\n')}\n${remedies.join(', ')}`;
  return compositionError('composition_worse', message, { failures: failures.length });
}

function sha256(bytes: Uint8Array): ArtifactHash {
  return createHash('sha256').update(bytes).digest('hex') as ArtifactHash;
}
