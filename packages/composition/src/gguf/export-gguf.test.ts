import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { floats } from '@connito/engine';
import { type Checkpoint, fromBfloat16, initializeParameters, toBfloat16 } from '@connito/model';
import { SeededRandom } from '@connito/protocol';
import { gguf } from '@huggingface/gguf';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TINY, tinyTokenizer } from '../testing/tiny-model.ts';
import { exportGguf } from './export-gguf.ts';
import type { GgufType } from './gguf-file.ts';

const model: Checkpoint = {
  config: TINY,
  parameters: initializeParameters(TINY, new SeededRandom(new Uint8Array(32).fill(5))),
};

let work: string;
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'connito-gguf-'));
});
afterAll(() => rm(work, { recursive: true, force: true }));

async function exported(type: GgufType, of: Checkpoint = model) {
  const path = join(work, `${type}.gguf`);
  // The trainer's pattern is the one llama.cpp knows as qwen2.
  await exportGguf(path, of, tinyTokenizer(), { name: 'tiny', type });
  const read = await gguf(path, { allowLocalFile: true });
  const bytes = new Uint8Array(await readFile(path));
  const valuesOf = (name: string): Float32Array => {
    const info = read.tensorInfos.find((candidate) => candidate.name === name)!;
    const start = Number(read.tensorDataOffset + info.offset);
    const count = info.shape.reduce((product, size) => product * Number(size), 1);
    const width = info.dtype === 0 ? 4 : 2;
    const { buffer } = bytes.slice(start, start + count * width);
    if (info.dtype === 0) return new Float32Array(buffer);
    return info.dtype === 30
      ? fromBfloat16(new Uint16Array(buffer))
      : Float32Array.from(new Float16Array(buffer));
  };
  return { ...read, valuesOf };
}

describe('a GGUF file, read back by @huggingface/gguf', () => {
  test('says what llama.cpp needs to know', async () => {
    const { metadata, tensorInfos } = await exported('F32');
    expect(metadata).toMatchObject({
      version: 3,
      'general.architecture': 'qwen3moe',
      'qwen3moe.block_count': 3,
      'qwen3moe.embedding_length': 32,
      'qwen3moe.expert_count': 4,
      'qwen3moe.expert_used_count': 2,
      'qwen3moe.attention.head_count_kv': 1,
      'qwen3moe.attention.key_length': 16,
      'tokenizer.ggml.model': 'gpt2',
      'tokenizer.ggml.pre': 'qwen2',
      'tokenizer.ggml.eos_token_id': 0,
    });
    const { vocab } = tinyTokenizer().model;
    const tokens = metadata['tokenizer.ggml.tokens' as never] as string[];
    expect(tokens).toHaveLength(TINY.vocabularySize);
    for (const [text, id] of Object.entries(vocab)) expect(tokens[id]).toBe(text);
    // Embedding and final norm, then 9 tensors and 3 stacks of experts a layer.
    expect(tensorInfos).toHaveLength(2 + 3 * 12);
  });

  test.each<[GgufType, (values: Float32Array) => Float32Array]>([
    ['F32', (values) => values],
    ['BF16', (values) => fromBfloat16(toBfloat16(values))],
    ['F16', (values) => Float32Array.from(Float16Array.from(values))],
  ])('holds the parameters in %s, experts stacked in order', async (type, rounded) => {
    const { valuesOf, tensorInfos } = await exported(type);
    const down = tensorInfos.find(({ name }) => name === 'blk.1.ffn_down_exps.weight')!;
    expect(down.shape.map(Number)).toEqual([16, 32, 4]);
    const stack = valuesOf(down.name);
    for (let expert = 0; expert < TINY.experts; expert++) {
      const own = floats(model.parameters.get(`model.layers.1.mlp.experts.${expert}.down_proj.weight`)!);
      expect(stack.subarray(expert * own.length, (expert + 1) * own.length)).toEqual(rounded(own));
    }
    const single = floats(model.parameters.get('model.layers.2.mlp.gate.weight')!);
    expect(valuesOf('blk.2.ffn_gate_inp.weight')).toEqual(single);
  });

  test('what llama.cpp would compute otherwise is refused', async () => {
    const config = { ...TINY, renormalizeGates: false };
    await expect(exported('F32', { ...model, config })).rejects.toThrow(/norm_topk_prob/);
    const other = tinyTokenizer();
    const split = { ...other, pre_tokenizer: { type: 'ByteLevel', use_regex: true } };
    const path = join(work, 'refused.gguf');
    await expect(exportGguf(path, model, split, { name: 'tiny', type: 'F32' })).rejects.toThrow(
      /no name for/,
    );
  });

  test('a value beyond half precision is refused in F16', async () => {
    const name = 'model.layers.0.mlp.experts.0.up_proj.weight';
    const large = floats(model.parameters.get(name)!).map((value, i) => (i === 7 ? 1e6 : value));
    const parameters = new Map([
      ...model.parameters,
      [name, { ...model.parameters.get(name)!, data: large }],
    ]);
    await expect(exported('F16', { ...model, parameters })).rejects.toThrow(/1000000, beyond half precision/);
  });
});
