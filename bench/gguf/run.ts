/**
 * Exports a model to GGUF and has llama.cpp read it: the same texts must give the same tokens, and the same tokens the same
 * distributions over the next one. Exits with 1 where they do not.
 */
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { exportGguf, type GgufType } from '@connito/composition';
import { onnxBackend } from '@connito/engine';
import { createTokenizer, loadCheckpoint, loadCorpusParts, parseTokenizerJson } from '@connito/model';
import { askLlamaCpp, llamaCppMissing } from '../../tools/llama-cpp/ask.ts';
import { describeMachine } from '../support/machine.ts';
import { nextTokenDistributions } from './distributions.ts';

const MAX_DIFFERENCE = 1e-4;
const SEQUENCE_TOKENS = 96;
/** Of each domain: texts cut, and texts whose beginnings are evaluated. */
const DOCUMENTS = 40;
const SEQUENCES = 3;
/** What tokenizers disagree about: contractions, digits, spaces before line ends, scripts, emoji, special tokens' text. */
const AWKWARD = [
  "I'll say it's 12345 o'clock, DON'T you?",
  '  leading\n\n\n   and trailing spaces \t \n',
  'naïve café, größer, 你好, здравствуй, ٤٢, ½ 🙂👩‍👩‍👧',
  'a\u00a0b\u2003c\r\nd\re',
  'if (x<=0){return"";}//end',
];

const { values } = parseArgs({
  options: {
    model: { type: 'string', default: 'models/foundation' },
    name: { type: 'string', default: 'foundation' },
    threads: { type: 'string', default: '1' },
    out: { type: 'string' },
  },
});
const missing = llamaCppMissing();
if (missing !== null) {
  console.error(missing);
  process.exit(3);
}

const folder = resolve(values.model);
const model = await loadCheckpoint(folder);
const json = parseTokenizerJson(await readFile(join(folder, 'tokenizer.json'), 'utf8'));
const tokenizer = createTokenizer(json);
const texts = [...AWKWARD];
const sequences: number[][] = [];
for (const domain of ['code', 'law', 'math', 'prose'] as const) {
  const { parts } = await loadCorpusParts(domain);
  for (const { text } of parts.reporting.slice(0, DOCUMENTS)) {
    texts.push(text);
  }
  for (const { text } of parts.reporting.slice(0, SEQUENCES)) {
    sequences.push([...tokenizer.encode(text)].slice(0, SEQUENCE_TOKENS));
  }
}

const ours = await nextTokenDistributions(onnxBackend({ threads: Number(values.threads) }), model, sequences);
const work = await mkdtemp(join(tmpdir(), 'connito-gguf-'));
const rows: {
  type: GgufType;
  bytes: number;
  differingTexts: number;
  largest: number;
  tops: number;
  positions: number;
}[] = [];
try {
  for (const type of ['F32', 'BF16', 'F16'] as const) {
    const path = join(work, `${type}.gguf`);
    await exportGguf(path, model, json, { name: values.name, type });
    const theirs = await askLlamaCpp(path, texts, sequences, model.config.vocabularySize);
    const differingTexts = texts.filter(
      (text, i) => theirs.texts[i]!.join() !== tokenizer.encode(text).join(),
    );
    let largest = 0;
    let tops = 0;
    let positions = 0;
    for (const [i, sequence] of sequences.entries()) {
      for (const position of sequence.keys()) {
        const mine = ours[i]![position]!;
        const other = theirs.distributions[i]![position]!;
        mine.forEach((p, token) => {
          largest = Math.max(largest, Math.abs(p - other[token]!));
        });
        tops += Number(mine.indexOf(Math.max(...mine)) === other.indexOf(Math.max(...other)));
        positions += 1;
      }
    }
    rows.push({
      type,
      bytes: (await stat(path)).size,
      differingTexts: differingTexts.length,
      largest,
      tops,
      positions,
    });
    for (const text of differingTexts) console.error(`cut differently: ${JSON.stringify(text.slice(0, 80))}`);
  }
} finally {
  await rm(work, { recursive: true });
}

const report = `# Exported GGUF files read by llama.cpp: ${values.name}, ${new Date().toISOString().slice(0, 10)}

\`npx node bench/gguf/run.ts\`: ${model.config.layers} layers of ${model.config.experts} experts, node-llama-cpp 3.21.1 on the CPU with
its cache in single precision and no flash attention. ${texts.length} texts cut by both tokenizers; ${rows[0]!.positions} distributions over
${model.config.vocabularySize} tokens compared with ours, of the model in single precision.

| file | bytes | texts cut differently | largest difference of a probability | same most likely token |
| --- | --- | --- | --- | --- |
${rows.map(({ type, bytes, differingTexts, largest, tops, positions }) => `| ${type} | ${bytes} | ${differingTexts} | ${largest.toExponential(2)} | ${tops} of ${positions} |`).join('\n')}

The bound for F32 is ${MAX_DIFFERENCE}. BF16 and F16 round the parameters (BF16 not where the checkpoint holds BF16), and llama.cpp rounds what it
multiplies them with, too.
`;
process.stdout.write(report);
if (values.out !== undefined) {
  const machine = await describeMachine();
  await writeFile(`${values.out}.md`, report);
  await writeFile(`${values.out}.json`, `${JSON.stringify({ machine, rows }, null, 2)}\n`);
}
const [single] = rows;
process.exitCode = single!.differingTexts === 0 && single!.largest <= MAX_DIFFERENCE ? 0 : 1;
