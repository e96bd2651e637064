import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  encodeDelta,
  groupTensors,
  hotkeyOf,
  manifestOf,
  parseRunDefinition,
  runIdOf,
  type TensorMap,
} from '@connito/protocol';
import { LOCAL_CODECS, LOCAL_PARAMETERS } from '@connito/run';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Journal, type Submission } from './journal.ts';

const HASH = 'ab'.repeat(32);
const source = (id: string, role: string, artifact: string) => ({
  ...{ id, role, domain: 'law', artifact, documents: 100, tokens: 10_000, licence: 'CC0' },
});
const definition = parseRunDefinition({
  protocol: 'connito/1',
  name: 'journal',
  baseModel: {
    files: [{ path: 'model.safetensors', bytes: 1, sha256: HASH }],
    architecture: {
      kind: 'qwen3-moe',
      numHiddenLayers: 1,
      numExperts: 2,
      hiddenSize: 40,
      moeIntermediateSize: 30,
    },
    check: { tokens: HASH, lossNanoNats: 1, toleranceNanoNats: 1 },
  },
  tokenizer: HASH,
  sources: [
    source('law-adapt', 'training', HASH),
    source('law-heldout', 'held-out', 'cd'.repeat(32)),
    source('math-heldout', 'held-out', 'ef'.repeat(32)),
  ],
  groups: [
    {
      ...{ id: 'law', domain: 'law', experts: { 0: [1] }, emissionShare: '1' },
      ...{ trainingSource: 'law-adapt', heldOutSource: 'law-heldout' },
    },
  ],
  generalSources: ['math-heldout'],
  ...LOCAL_PARAMETERS,
  codec: { ...LOCAL_CODECS['top-k'], chunk: 256, kept: 4 },
});
const specs = groupTensors(definition.groups[0]!, definition.baseModel.architecture);
const salt = '01'.repeat(32);

/** A submission of round `round` whose values are all different. */
function submissionOf(round: number): Submission {
  const delta: TensorMap = new Map(
    specs.map(({ name, shape }) => [
      name,
      { shape, data: Float32Array.from({ length: 1200 }, (_, i) => Math.sin(i + round) / 100) },
    ]),
  );
  const encoded = encodeDelta(definition.codec, delta);
  const run = runIdOf(definition);
  const work = {
    ...{ run, round, group: definition.groups[0]!.id, hotkey: hotkeyOf(new Uint8Array(32)) },
    ...{ baseState: HASH as never, codec: 'top-k', trainedTokens: 1, innerSteps: 1 },
  };
  return { manifest: manifestOf(work, encoded), salt, bundle: encoded.bundle, residual: encoded.residual };
}

describe('journal', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'connito-journal-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('has a submission and its residual, to the bit, after a restart', async () => {
    const submission = submissionOf(3);
    await (await Journal.open(folder, definition)).save(3, submission);
    const loaded = (await (await Journal.open(folder, definition)).load(3))!;
    expect(loaded.manifest).toEqual(submission.manifest);
    expect(loaded.salt).toBe(salt);
    expect(new Uint8Array(loaded.bundle)).toEqual(submission.bundle);
    expect(loaded.residual).toEqual(submission.residual);
  });

  it('gives what was sent, which with the residual is what was intended', async () => {
    const journal = await Journal.open(folder, definition);
    const submission = submissionOf(0);
    await journal.save(0, submission);
    const sent = journal.sentBy((await journal.load(0))!);
    for (const [name, { data }] of sent) {
      const rest = submission.residual.get(name)!.data;
      data.forEach((value, i) => {
        expect(value + rest[i]!).toBeCloseTo(Math.sin(i) / 100, 7);
      });
    }
  });

  it('knows the last round of which a submission is whole', async () => {
    const journal = await Journal.open(folder, definition);
    expect(await journal.latestBefore(9)).toBeNull();
    for (const round of [1, 2, 10]) await journal.save(round, submissionOf(round));
    expect(await journal.latestBefore(10)).toBe(2);
    expect(await journal.latestBefore(11)).toBe(10);
    await rm(join(folder, 'round-10', 'submission.json'));
    expect(await journal.latestBefore(11)).toBe(2);
    await journal.prune(2);
    expect(await journal.latestBefore(2)).toBeNull();
  });

  it.each<[string, (path: string) => Promise<void>]>([
    ['cut short', (path) => truncate(path, 100)],
    ['missing', (path) => rm(path)],
    [
      'changed',
      async (path) => {
        const bytes = await readFile(path);
        bytes[50]! ^= 1;
        await writeFile(path, bytes);
      },
    ],
  ])('can reveal though the residual is %s, and says that it is of no use', async (_, damage) => {
    const journal = await Journal.open(folder, definition);
    const submission = submissionOf(4);
    await journal.save(4, submission);
    await damage(join(folder, 'round-4', 'residual'));
    const loaded = (await journal.load(4))!;
    expect(new Uint8Array(loaded.bundle)).toEqual(submission.bundle);
    expect(loaded.residual).toBeNull();
  });
});
