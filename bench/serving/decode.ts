/**
 * Greedy decoding speed against llama.cpp on the same model, interleaved:
 *
 *   npx node bench/serving/decode.ts --gguf foundation.gguf [--llama-cpp tools/llama-cpp] [--rounds 9] [--threads 1,2] [--out f.json]
 *
 * Every variant is a process of its own that has read its prompts before the clock starts. Batch 1 and 8. On a busy machine
 * llama.cpp with several threads nearly stands still, since its threads wait for each other by spinning.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { describeMachine, otherLoad } from '../support/machine.ts';
import { median, summarize } from '../support/statistics.ts';
import type { DecodeAnswer, DecodeVariant } from './decode-worker.ts';

const { values: flags } = parseArgs({
  options: {
    gguf: { type: 'string' },
    'llama-cpp': { type: 'string', default: 'tools/llama-cpp' },
    rounds: { type: 'string', default: '9' },
    tokens: { type: 'string', default: '128' },
    threads: { type: 'string', default: '1,2' },
    out: { type: 'string' },
  },
});
const ROUNDS = Number(flags.rounds);
const TOKENS = Number(flags.tokens);
const BATCHES = [1, 8];
const THREADS = flags.threads.split(',').map(Number);

const variants: (DecodeVariant & { readonly name: string })[] = THREADS.map((threads) => ({
  name: `ours, ${threads} thread${threads === 1 ? '' : 's'}`,
  engine: 'ours' as const,
  model: 'models/foundation',
  threads,
}));
if (flags.gguf === undefined) {
  console.warn('Without --gguf only our own engine is measured.');
} else {
  const shared = {
    engine: 'llama.cpp',
    model: resolve(flags.gguf),
    moduleFolder: resolve(flags['llama-cpp']),
  } as const;
  for (const threads of THREADS) {
    for (const cache of ['F32', 'default'] as const) {
      const name = `llama.cpp, ${threads} thread${threads === 1 ? '' : 's'}, ${cache} cache`;
      variants.push({ name, ...shared, threads, cache });
    }
  }
}

const workers = new Map<string, ChildProcess>();
for (const variant of variants) {
  const worker = fork(new URL('./decode-worker.ts', import.meta.url), [JSON.stringify(variant)]);
  await once(worker, 'message');
  workers.set(variant.name, worker);
}
const ask = async (name: string, batch: number): Promise<DecodeAnswer> => {
  const worker = workers.get(name)!;
  worker.send({ batch, tokens: TOKENS });
  const [answer] = (await once(worker, 'message')) as [DecodeAnswer];
  return answer;
};

const rates = new Map<string, number[]>();
const texts = new Map<string, readonly number[]>();
for (let round = -1; round < ROUNDS; round++) {
  for (const batch of BATCHES) {
    // The order turns with the rounds, so that no variant always follows the same one.
    const order = variants.map((_, i) => variants[(i + Math.max(0, round)) % variants.length]!.name);
    for (const name of order) {
      const { seconds, sequences } = await ask(name, batch);
      texts.set(`${name} ${batch}`, sequences.flat());
      if (round < 0) continue;
      const key = `${name} | batch ${batch}`;
      rates.set(key, [...(rates.get(key) ?? []), (batch * TOKENS) / seconds]);
    }
  }
}
for (const worker of workers.values()) worker.disconnect();

const best = (engine: string, batch: number): number =>
  Math.max(
    ...[...rates]
      .filter(([key]) => key.startsWith(engine) && key.endsWith(`batch ${batch}`))
      .map(([, values]) => median(values)),
  );
const result = {
  tokens: TOKENS,
  rounds: ROUNDS,
  tokensPerSecond: Object.fromEntries(
    [...rates].map(([key, values]) => [key, { ...summarize(values), values }]),
  ),
  /** Best variant of ours to best of llama.cpp's. */
  ratio: Object.fromEntries(BATCHES.map((batch) => [batch, best('ours', batch) / best('llama.cpp', batch)])),
  equalTokens: Object.fromEntries(
    BATCHES.map((batch) => {
      const ours = texts.get(`${variants[0]!.name} ${batch}`)!;
      return [
        batch,
        variants.map(({ name }) => {
          const theirs = texts.get(`${name} ${batch}`)!;
          return { name, share: ours.filter((token, i) => token === theirs[i]).length / ours.length };
        }),
      ];
    }),
  ),
  machine: await describeMachine(),
  load: await otherLoad(),
};
for (const [key, values] of rates) console.log(`${key.padEnd(48)} ${median(values).toFixed(0)} tokens/s`);
console.log('ours to llama.cpp, best of each:', result.ratio);
if (flags.out !== undefined) await writeFile(flags.out, `${JSON.stringify(result, null, 2)}\n`);
