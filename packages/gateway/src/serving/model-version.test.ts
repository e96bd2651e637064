import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { COMPOSITION_FILE, encodeComposition, identifyFile, signComposition } from '@connito/composition';
import { CHECKPOINT_FILES } from '@connito/model';
import { keypairFromMiniSecret } from '@connito/node';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { InferenceEngine } from '../engine/inference-engine.ts';
import { ModelVersion, type OpenEngine } from './model-version.ts';

const LAW = { id: '@lab/law@1.2.0', domain: 'law', contentHash: 'a'.repeat(64), placement: 'added' } as const;
const MATH = {
  id: '@lab/math@1.0.0',
  domain: 'math',
  contentHash: 'b'.repeat(64),
  placement: 'in-place',
} as const;

let folder: string;
let opened: unknown;
const openEngine: OpenEngine = (_, owners) => {
  opened = owners;
  const engine: Partial<InferenceEngine> = { name: 'fake', routing: { layers: 2, experts: 4 } };
  return Promise.resolve(engine as InferenceEngine);
};

/** A signed composition of two layers: math trained one expert of the base, law added one, and a companion came along. */
async function writeComposition(): Promise<void> {
  const keypair = keypairFromMiniSecret(new Uint8Array(32).fill(7));
  for (const file of CHECKPOINT_FILES) await writeFile(join(folder, file), '{}');
  const base = (expert: number) => ({ kind: 'base', expert }) as const;
  const document = {
    protocol: 'connito/1',
    name: 'both',
    author: keypair.hotkey,
    base: { hash: 'c'.repeat(64), experts: 3 },
    packages: [LAW, MATH],
    router: { method: 'native', baseStatistics: null, refinement: null },
    layers: [
      [
        base(0),
        { kind: 'trained', package: 1, expert: 1 },
        base(2),
        { kind: 'trained', package: 0, expert: 2 },
      ],
      [base(0), base(1), base(2), { kind: 'companion', package: 0, expert: 0 }],
    ],
    files: await Promise.all(CHECKPOINT_FILES.map((file) => identifyFile(folder, file))),
    evaluation: null,
  } as const;
  const signed = await signComposition(document as never, (message) => keypair.sign(message));
  await writeFile(join(folder, COMPOSITION_FILE), encodeComposition(signed));
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'connito-version-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

const open = () => ModelVersion.open(1, { folder, overlays: [] }, openEngine);

test('trained experts belong to their package, all others to the base', async () => {
  await writeComposition();
  const version = await open();
  expect(opened).toEqual([
    [0, 2, 0, 1],
    [0, 0, 0, 0],
  ]);
  expect(version.packages).toEqual([LAW.id, MATH.id]);
  const experts = [[], []];
  const usages = [
    { experts, promptOwners: [5, 1, 0], answerOwners: [7, 2, 0] },
    // A second choice: its prompt is not counted again.
    { experts, promptOwners: [5, 1, 0], answerOwners: [6, 0, 3] },
  ];
  expect(version.tokensByPackage(usages, 2, 'id')).toEqual({ base: 18, [LAW.id]: 3, [MATH.id]: 3 });
  expect(version.tokensByPackage(usages, 2, 'contentHash')).toEqual({
    base: 18,
    [LAW.contentHash]: 3,
    [MATH.contentHash]: 3,
  });
});

test('every prompt of a request is counted, once, and what was not begun is not', async () => {
  await writeComposition();
  const version = await open();
  const usage = (prompt: number, answer: number) => ({
    experts: [[], []],
    promptOwners: [prompt, prompt, 0],
    answerOwners: [answer, 0, answer],
  });
  // Two prompts with two choices each; of the second prompt's, only the later was begun.
  const choices = [usage(13, 2), usage(13, 1), null, usage(11, 4)];
  expect(version.tokensByPackage(choices, 2, 'id')).toEqual({ base: 31, [LAW.id]: 24, [MATH.id]: 7 });
  expect(version.tokensByPackage([usage(13, 2), usage(11, 2)], 1, 'id')).toMatchObject({ base: 28 });
});

test('an expert named however often costs no more than one named once', async () => {
  await writeComposition();
  const version = await open();
  const many = Array.from({ length: 65_536 }, (_, i) => i % 3);
  const wish = { allow: { 0: many, 1: many }, deny: { 0: many.map(() => 1) }, deny_packages: [LAW.id] };
  const { allow, deny } = version.restriction(wish);
  expect(allow!.get(0)).toEqual([0, 1, 2]);
  expect(deny!.get(0)).toEqual([1, 3]);
});

test('a package is denied by id or content hash, on top of single experts', async () => {
  await writeComposition();
  const version = await open();
  for (const name of [LAW.id, LAW.contentHash]) {
    const { deny } = version.restriction({ deny: { 0: [0] }, deny_packages: [name] });
    expect(deny!.get(0)).toEqual([0, 3]);
    expect(deny!.get(1) ?? []).toEqual([]);
  }
  expect(() => version.restriction({ deny_packages: ['@lab/other@1.0.0'] })).toThrow('holds no package');
});

test('a wish that leaves nobody to answer, or names nobody, is refused', async () => {
  const version = await open();
  expect(version.packages).toEqual([]);
  for (const wish of [
    { deny: { 1: [0, 1, 2, 3] } },
    { allow: { 1: [2] }, deny: { 1: [2] } },
    { allow: { 0: [] } },
  ])
    expect(() => version.restriction(wish)).toThrow(/No expert of layer [01]/);
  for (const wish of [{ deny: { 9: [0] } }, { allow: { 0: [4] } }])
    expect(() => version.restriction(wish)).toThrow('2 layers of 4 experts');
});

test('a composition whose files were changed is not served', async () => {
  await writeComposition();
  await writeFile(join(folder, 'config.json'), '{ }');
  await expect(open()).rejects.toMatchObject({ code: 'composition_malformed' });
});
