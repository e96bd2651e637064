import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type BaseStatistics,
  collectStatistics,
  decodeRoutingStatistics,
  encodeRoutingStatistics,
  excerpts,
  type RefinementTexts,
  type RoutingStatistics,
  refinementTexts,
  type Specialist,
  specialistModel,
  thinned,
} from '@connito/composition';
import { type Backend, floats, onnxBackend } from '@connito/engine';
import {
  type Checkpoint,
  type CorpusPart,
  type CorpusParts,
  type Domain,
  decodeSafetensors,
  ForwardPass,
  inputsAndTargets,
  loadCheckpoint,
  loadCorpusParts,
  loadTokenizer,
  type ModelConfig,
  type Parameters,
  SequenceLosses,
  type Sequences,
  type Tokenizer,
} from '@connito/model';

export const DOMAINS: readonly Domain[] = ['code', 'law', 'math'];
/** No specialist trains on it: it stands for general text. */
export const GENERAL: Domain = 'prose';
export const SEQUENCE_TOKENS = 128;
/** Sequences of each domain that statistics are collected on. */
const STATISTICS_SEQUENCES = 64;
const BATCH = 8;

/** What all methods of the bench share. */
export type Setting = {
  readonly backend: Backend;
  readonly base: Checkpoint;
  readonly baseStatistics: BaseStatistics;
  readonly specialists: readonly Specialist[];
  /** Of a part of each domain's text, and of general text. */
  readonly sequences: (part: CorpusPart, limit: number) => Promise<ReadonlyMap<Domain, Sequences>>;
  /** What `connito compose` refines on. Read anew each time. */
  readonly refinementTexts: () => Promise<RefinementTexts>;
  readonly measure: (model: Checkpoint, sequences: Sequences) => Promise<Float64Array>;
  /** Loss of every token, `[sequences · tokens]`. Sequences must fill whole batches. */
  readonly tokenLosses: (model: Checkpoint, sequences: Sequences) => Promise<Float32Array>;
};

export async function openSetting(
  model: string,
  work: string,
  threads: number,
  domains: readonly Domain[] = DOMAINS,
): Promise<Setting> {
  const backend = onnxBackend({ threads });
  const base = await loadCheckpoint(model);
  const tokenizer = await loadTokenizer(join(model, 'tokenizer.json'));
  const passes = new Map<number, Promise<ForwardPass>>();
  const passFor = (config: ModelConfig): Promise<ForwardPass> => {
    const pass =
      passes.get(config.experts) ??
      ForwardPass.create(backend, config, { sequences: BATCH, tokens: SEQUENCE_TOKENS });
    passes.set(config.experts, pass);
    return pass;
  };
  const texts = new Map<Domain, Promise<Record<CorpusPart, Sequences>>>();
  const textOf = async (domain: Domain, part: CorpusPart): Promise<Sequences> => {
    const parts = texts.get(domain) ?? domainTexts(domain, tokenizer, work);
    texts.set(domain, parts);
    return (await parts)[part];
  };
  const statisticsOf = async (parameters: Parameters, sequences: Sequences): Promise<RoutingStatistics> => {
    const pass = await passFor(base.config);
    const { config } = base;
    const statistics = await collectStatistics(backend, pass, parameters, sequences);
    return decodeRoutingStatistics(encodeRoutingStatistics(statistics), config, 'collected statistics');
  };

  // What pretraining read: general text that anybody with the base can have, of every domain alike.
  const baseStatistics = new Map<Domain, RoutingStatistics>();
  for (const kind of [...DOMAINS, GENERAL]) {
    const text = thinned(await textOf(kind, 'pretrain'), STATISTICS_SEQUENCES);
    baseStatistics.set(kind, await statisticsOf(base.parameters, text));
  }
  const specialists: Specialist[] = [];
  for (const domain of domains) {
    const about = JSON.parse(await readFile(join(work, domain, 'specialist.json'), 'utf8'));
    const file = await readFile(join(work, domain, 'experts.safetensors'));
    const tensors = decodeSafetensors(file, `${domain}/experts.safetensors`);
    const parameters = new Map(
      [...tensors].map(([name, value]) => [name, { shape: value.shape, data: floats(value) }]),
    );
    const experts = new Map(
      Object.entries(about.experts as Record<string, number[]>).map(([layer, list]) => [Number(layer), list]),
    );
    const unmeasured = { id: domain, domain, contentHash: '', baseHash: '', experts, parameters };
    const own = specialistModel(base, unmeasured);
    const statistics = await statisticsOf(
      own.parameters,
      thinned(await textOf(domain, 'adapt'), STATISTICS_SEQUENCES),
    );
    specialists.push({ ...unmeasured, statistics });
  }
  return {
    backend,
    base,
    baseStatistics,
    specialists,
    async sequences(part, limit) {
      const texts = new Map<Domain, Sequences>();
      for (const domain of [...DOMAINS, GENERAL])
        texts.set(domain, thinned(await textOf(domain, part), limit));
      return texts;
    },
    async refinementTexts() {
      const corpora = new Map<Domain, CorpusParts>();
      for (const kind of [...DOMAINS, GENERAL]) corpora.set(kind, await loadCorpusParts(kind));
      return refinementTexts(corpora, tokenizer, SEQUENCE_TOKENS);
    },
    async measure({ config, parameters }, sequences) {
      return new SequenceLosses(await passFor(config), sequences).measure(parameters);
    },
    async tokenLosses({ config, parameters }, { count, tokens, data }) {
      const pass = await passFor(config);
      const losses = new Float32Array(count * tokens);
      for (let start = 0; start < count; start += BATCH) {
        const block = data.subarray(start * (tokens + 1), (start + BATCH) * (tokens + 1));
        const { inputs, targets } = inputsAndTargets(block, BATCH, tokens);
        const hidden = await pass.layers(parameters, pass.embed(parameters, inputs), 0, config.layers);
        losses.set(await pass.losses(parameters, hidden, targets), start * tokens);
      }
      return losses;
    },
  };
}

/** One sequence of each of at most so many documents. */
const MAX_DOCUMENTS: Readonly<Record<CorpusPart, number>> = {
  pretrain: 128,
  adapt: 128,
  heldout: 160,
  reporting: 200,
};
/** A domain's texts as sequences. Kept in the work folder. */
async function domainTexts(
  domain: Domain,
  tokenizer: Tokenizer,
  work: string,
): Promise<Record<CorpusPart, Sequences>> {
  const width = SEQUENCE_TOKENS + 1;
  const path = join(work, `${domain}.sequences.json`);
  try {
    const kept = JSON.parse(await readFile(path, 'utf8')) as Record<CorpusPart, number[]>;
    const sequences = (data: readonly number[]): Sequences => ({
      count: data.length / width,
      tokens: SEQUENCE_TOKENS,
      data: Int32Array.from(data),
    });
    return {
      pretrain: sequences(kept.pretrain),
      adapt: sequences(kept.adapt),
      heldout: sequences(kept.heldout),
      reporting: sequences(kept.reporting),
    };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const corpus = await loadCorpusParts(domain);
  const rowsOf = (part: CorpusPart): number[] => [
    ...excerpts(corpus, part, tokenizer, { limit: MAX_DOCUMENTS[part], tokens: SEQUENCE_TOKENS }).data,
  ];
  const kept = {
    pretrain: rowsOf('pretrain'),
    adapt: rowsOf('adapt'),
    heldout: rowsOf('heldout'),
    reporting: rowsOf('reporting'),
  };
  await writeFile(path, JSON.stringify(kept));
  return domainTexts(domain, tokenizer, work);
}
