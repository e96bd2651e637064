/**
 * Reads `{ model, texts, sequences, out }` as JSON on standard input. Writes to the file `out`, in single precision, the
 * distribution over the next token after every token of every sequence, and to `out` + `.json` the ids that llama.cpp cuts
 * each text into. On the CPU, with its cache in single precision and no flash attention.
 */
import { open, writeFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { getLlama } from 'node-llama-cpp';

const { model: modelPath, texts, sequences, out } = JSON.parse(await text(process.stdin));
const llama = await getLlama({ gpu: false, build: 'never', logLevel: 'warn' });
const model = await llama.loadModel({ modelPath, gpuLayers: 0 });
const context = await model.createContext({
  contextSize: Math.max(...sequences.map((tokens) => tokens.length)) + 8,
  batchSize: 512,
  threads: 1,
  flashAttention: false,
  experimentalKvCacheKeyType: 'F32',
  experimentalKvCacheValueType: 'F32',
});
const sequence = context.getSequence();
const file = await open(out, 'w');
for (const tokens of sequences) {
  await sequence.clearHistory();
  const results = await sequence.controlledEvaluate(
    tokens.map((token) => [token, { generateNext: { probabilities: true } }]),
  );
  for (const result of results) {
    const row = new Float32Array(model.fileInfo.metadata.tokenizer.ggml.tokens.length);
    for (const [token, probability] of result.next.probabilities) row[token] = probability;
    await file.write(new Uint8Array(row.buffer));
  }
}
await file.close();
const ids = texts.map((each) => model.tokenize(each, false));
await writeFile(`${out}.json`, JSON.stringify(ids));
// Its threads would keep the process alive.
process.exit(0);
