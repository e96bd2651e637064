import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  collectStatistics,
  decodeRoutingStatistics,
  encodeRoutingStatistics,
  type RoutingStatistics,
  type Specialist,
  specialistModel,
} from '@connito/composition';
import { type Backend, floats, onnxBackend } from '@connito/engine';
import {
  type Checkpoint,
  type CorpusPart,
  type Domain,
  decodeSafetensors,
  ForwardPass,
  loadCheckpoint,
  loadTokenizer,
  type ModelConfig,
  type Parameters,
  prepareCorpora,
  SequenceLosses,
  type Sequences,
  spreadSequences,
} from '@connito/model';

export const DOMAINS: readonly Domain[] = ['code', 'law', 'math'];
/** No specialist trains on it: it stands for general text. */
export const GENERAL: Domain = 'prose';
export const SEQUENCE_TOKENS = 128;
/** Sequences of each domain that statistics are collected on. */
const STATISTICS_SEQUENCES = 96;
const BATCH = 8;

/** What all methods of the bench share. */
export type Setting = {
  readonly backend: Backend;
  readonly base: Checkpoint;
  readonly baseStatistics: RoutingStatistics;
  readonly specialists: readonly Specialist[];
  /** Of a part of each domain's text, and of general text. */
  readonly sequences: (part: CorpusPart, limit: number) => Promise<ReadonlyMap<Domain, Sequences>>;
  readonly measure: (model: Checkpoint, sequences: Sequences) => Promise<Float64Array>;
};

export async function openSetting(model: string, work: string, threads: number): Promise<Setting> {
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
  const shards = new Map<string, Sequences>();
  const textOf = async (domain: Domain, part: CorpusPart): Promise<Sequences> => {
    const key = `${domain}/${part}`;
    if (!shards.has(key)) {
      const [prepared] = await prepareCorpora({ tokenizer, domains: [domain], parts: [part] });
      shards.set(key, spreadSequences(prepared!.shard, SEQUENCE_TOKENS, Number.MAX_SAFE_INTEGER));
    }
    return shards.get(key)!;
  };
  const statisticsOf = async (parameters: Parameters, sequences: Sequences): Promise<RoutingStatistics> => {
    const pass = await passFor(base.config);
    const { config } = base;
    const statistics = await collectStatistics(backend, pass, parameters, sequences);
    return decodeRoutingStatistics(encodeRoutingStatistics(statistics), config, 'collected statistics');
  };

  // What pretraining read: general text that anybody with the base can have, of every domain alike.
  const pretrained: Sequences[] = [];
  for (const domain of [...DOMAINS, GENERAL]) {
    pretrained.push(thinned(await textOf(domain, 'pretrain'), STATISTICS_SEQUENCES));
  }
  const baseStatistics = await statisticsOf(base.parameters, joined(pretrained));
  const specialists: Specialist[] = [];
  for (const domain of DOMAINS) {
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
    const own = specialistModel(base, { ...unmeasured, statistics: baseStatistics });
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
    async measure({ config, parameters }, sequences) {
      return new SequenceLosses(await passFor(config), sequences).measure(parameters);
    },
  };
}

/** At most `limit` sequences, spread evenly. */
export function thinned(all: Sequences, limit: number): Sequences {
  const count = Math.min(limit, all.count);
  const width = all.tokens + 1;
  const data = new Int32Array(count * width);
  for (let i = 0; i < count; i++) {
    const row = Math.floor((i * all.count) / count);
    data.set(all.data.subarray(row * width, (row + 1) * width), i * width);
  }
  return { count, tokens: all.tokens, data };
}

function joined(parts: readonly Sequences[]): Sequences {
  const data = new Int32Array(parts.reduce((sum, part) => sum + part.data.length, 0));
  let at = 0;
  for (const part of parts) {
    data.set(part.data, at);
    at += part.data.length;
  }
  return { count: parts.reduce((sum, part) => sum + part.count, 0), tokens: parts[0]!.tokens, data };
}
