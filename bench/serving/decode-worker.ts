import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { onnxBackend } from '@connito/engine';
import { Decoder, KeyValueCache, loadCheckpoint } from '@connito/model';

export type DecodeVariant = {
  readonly engine: 'ours' | 'llama.cpp';
  /** Checkpoint folder, or GGUF file. */
  readonly model: string;
  readonly threads: number;
  readonly moduleFolder?: string;
  /** llama.cpp's keys and values: single precision as ours, or what it takes by default. */
  readonly cache?: 'F32' | 'default';
};
export type DecodeTask = { readonly batch: number; readonly tokens: number };
/** `seconds`: for `tokens` tokens of each sequence, after the prompt and a first token. */
export type DecodeAnswer = { readonly seconds: number; readonly sequences: readonly (readonly number[])[] };

type Decode = (task: DecodeTask) => Promise<DecodeAnswer>;

const PROMPT_TOKENS = 32;
const prompt = (row: number): Int32Array =>
  Int32Array.from({ length: PROMPT_TOKENS }, (_, i) => ((row + 1) * 131 + i * 97) % 4000);

async function ours({ model, threads }: DecodeVariant): Promise<Decode> {
  const { config, parameters } = await loadCheckpoint(model);
  const decoder = await Decoder.create(onnxBackend({ threads }), config, parameters);
  const largest = (logits: Float32Array, row: number): number => {
    const start = row * config.vocabularySize;
    let best = 0;
    for (let token = 1; token < config.vocabularySize; token++)
      if (logits[start + token]! > logits[start + best]!) best = token;
    return best;
  };
  return async ({ batch, tokens }) => {
    const cache = new KeyValueCache(config);
    const last = new Int32Array(batch);
    for (let row = 0; row < batch; row++)
      last[row] = largest((await decoder.prefill(cache, cache.addRow(), prompt(row))).logits, 0);
    const sequences = Array.from(last, (token) => [token]);
    const started = performance.now();
    for (let i = 0; i < tokens; i++) {
      const { logits } = await decoder.decode(cache, last);
      for (let row = 0; row < batch; row++) {
        last[row] = largest(logits, row);
        sequences[row]!.push(last[row]!);
      }
    }
    return { seconds: (performance.now() - started) / 1_000, sequences };
  };
}

type Sequence = {
  evaluate(
    tokens: readonly number[],
    options: { readonly temperature: 0 },
  ): AsyncGenerator<number, void, void>;
  clearHistory(): Promise<void>;
};

async function llamaCpp({ model, threads, moduleFolder, cache }: DecodeVariant): Promise<Decode> {
  const entry = join(moduleFolder!, 'node_modules/node-llama-cpp/dist/index.js');
  const { getLlama } = await import(pathToFileURL(entry).href);
  const llama = await getLlama({ gpu: false, build: 'never', logLevel: 'error', maxThreads: threads });
  const loaded = await llama.loadModel({ modelPath: model });
  const single = {
    flashAttention: false,
    experimentalKvCacheKeyType: 'F32',
    experimentalKvCacheValueType: 'F32',
  };
  const context = await loaded.createContext({
    contextSize: 512,
    sequences: 8,
    threads,
    ...(cache === 'F32' ? single : {}),
  });
  const all: Sequence[] = Array.from({ length: 8 }, () => context.getSequence());
  return async ({ batch, tokens }) => {
    const used = all.slice(0, batch);
    for (const sequence of used) await sequence.clearHistory();
    const writers = used.map((sequence, row) => sequence.evaluate([...prompt(row)], { temperature: 0 }));
    // The first token comes with the prompt.
    const sequences = await Promise.all(
      writers.map(async (writer) => [(await writer.next()).value as number]),
    );
    const started = performance.now();
    await Promise.all(
      writers.map(async (writer, row) => {
        for (let i = 0; i < tokens; i++) sequences[row]!.push((await writer.next()).value as number);
      }),
    );
    const seconds = (performance.now() - started) / 1_000;
    await Promise.all(writers.map((writer) => writer.return()));
    return { seconds, sequences };
  };
}

const variant = JSON.parse(process.argv[2]!) as DecodeVariant;
const decode = await (variant.engine === 'ours' ? ours(variant) : llamaCpp(variant));
process.on('message', (task: DecodeTask) => {
  void decode(task).then((answer) => process.send!(answer));
});
process.on('disconnect', () => process.exit(0));
process.send!('ready');
