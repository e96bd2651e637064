import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { floats } from '@connito/engine';
import {
  type Checkpoint,
  type ExpertSet,
  expertParameterNames,
  initializeParameters,
  type ModelConfig,
  type Sequences,
  saveCheckpoint,
  type TokenizerJson,
  trainBpe,
} from '@connito/model';
import { SeededRandom, taggedHash, utf8 } from '@connito/protocol';
import type { LayerStatistics, RoutingStatistics } from '../router/routing-statistics.ts';
import type { Specialist } from '../specialist.ts';

const TEXT = 'a tiny text about tiny texts, whose words are tiny and whose text is about words. '.repeat(8);

/** A random model of three layers of four experts, small enough for tests. */
export const TINY: ModelConfig = {
  vocabularySize: 272,
  hiddenSize: 32,
  layers: 3,
  attentionHeads: 2,
  keyValueHeads: 1,
  headSize: 16,
  experts: 4,
  expertsPerToken: 2,
  expertSize: 16,
  renormalizeGates: true,
  rmsEpsilon: 1e-6,
  ropeTheta: 10_000,
  tiedEmbeddings: true,
  contextSize: 64,
  endOfTextToken: 0,
};

export function tinyTokenizer(): TokenizerJson {
  return trainBpe([TEXT], { vocabularySize: TINY.vocabularySize, specialTokens: ['<|endoftext|>'] });
}

/** Writes it as a checkpoint folder with a tokenizer. */
export async function writeTinyModel(folder: string): Promise<Checkpoint> {
  const parameters = initializeParameters(TINY, seeded('tiny model'));
  await mkdir(folder, { recursive: true });
  await saveCheckpoint(folder, TINY, parameters, 'F32');
  await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(tinyTokenizer()));
  return { config: TINY, parameters };
}

/** Statistics of random hidden states around a centre of their own, with a common part, as real ones have. */
export function randomStatistics(seed: string, config: ModelConfig = TINY): RoutingStatistics {
  const random = seeded(seed);
  const tokens = 200;
  const layers = Array.from({ length: config.layers }, (): LayerStatistics => {
    const size = config.hiddenSize;
    const centre = Array.from({ length: size }, (_, i) => (i === 0 ? 3 : random.nextFloat() - 0.5));
    const moment = new Float32Array(size * size);
    const mean = new Float32Array(size);
    for (let token = 0; token < tokens; token++) {
      const h = centre.map((value) => value + random.nextFloat() - 0.5);
      for (let i = 0; i < size; i++) {
        mean[i]! += h[i]! / tokens;
        for (let j = 0; j < size; j++) moment[i * size + j]! += (h[i]! * h[j]!) / tokens;
      }
    }
    const gates = Float32Array.from({ length: config.experts }, () => random.nextFloat());
    return { moment, mean, gates };
  });
  return { tokens, layers };
}

/** A specialist whose experts are the base's, moved at random. */
export function randomSpecialist(
  base: Checkpoint,
  baseHash: string,
  id: string,
  domain: string,
  experts: ExpertSet,
): Specialist {
  const random = seeded(id);
  const parameters = new Map(
    expertParameterNames(experts).map((name) => {
      const before = base.parameters.get(name)!;
      const data = floats(before).map((value) => value + 0.2 * (random.nextFloat() - 0.5));
      return [name, { shape: before.shape, data }];
    }),
  );
  const statistics = randomStatistics(id, base.config);
  return { id, domain, contentHash: 'ab'.repeat(32), baseHash, experts, parameters, statistics };
}

/** Sequences of random tokens. */
export function randomSequences(seed: string, count: number, tokens: number): Sequences {
  const random = seeded(seed);
  const data = Int32Array.from({ length: count * (tokens + 1) }, () => random.nextBelow(TINY.vocabularySize));
  return { count, tokens, data };
}

function seeded(text: string): SeededRandom {
  return new SeededRandom(taggedHash('connito/1/test', utf8(text)));
}
