import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { floats } from '@connito/engine';
import { type Checkpoint, LAYER, layerPrefix, loadCheckpoint } from '@connito/model';
import { keypairFromMiniSecret } from '@connito/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { baseHashOfFolder } from './base-identity.ts';
import { type ComposeMeans, type ComposeOptions, composeFolder } from './compose-folder.ts';
import { COMPOSITION_FILE, encodeComposition, signComposition } from './manifest/composition-manifest.ts';
import { verifyComposition } from './manifest/verify-composition.ts';
import { DEFAULT_BOUNDS } from './measure/verdict.ts';
import type { Specialist } from './specialist.ts';
import { randomSequences, randomSpecialist, TINY, writeTinyModel } from './testing/tiny-model.ts';

const keypair = keypairFromMiniSecret(new Uint8Array(32).fill(3));
/** No composition of random experts is within them. */
const STRICT = { minOracleRatio: 1, maxGeneralRise: 0 };
const texts = {
  base: new Map(['code', 'general'].map((kind) => [kind, randomSequences(kind, 8, 12)])),
  measured: new Map(['code', 'law', 'prose'].map((domain) => [domain, randomSequences(domain, 4, 12)])),
  measuredPart: 'reporting',
  refinement: {
    fit: new Map(['code', 'law', 'prose'].map((domain) => [domain, randomSequences(`fit ${domain}`, 4, 12)])),
    choice: new Map(
      ['code', 'law', 'prose'].map((domain) => [domain, randomSequences(`choice ${domain}`, 4, 12)]),
    ),
    fitPart: 'adapt',
    choicePart: 'heldout',
  },
};

let work: string;
let folder: string;
let base: Checkpoint;
let code: Specialist;
let law: Specialist;

beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'connito-compose-'));
  folder = join(work, 'base');
  base = await writeTinyModel(folder);
  const hash = await baseHashOfFolder(folder);
  code = randomSpecialist(
    base,
    hash,
    'code@1.0.0',
    'code',
    new Map([
      [1, [0, 1]],
      [2, [0, 1]],
    ]),
  );
  law = randomSpecialist(
    base,
    hash,
    'law@1.0.0',
    'law',
    new Map([
      [1, [1, 2]],
      [2, [1, 2]],
    ]),
  );
});

afterAll(() => rm(work, { recursive: true, force: true }));

function compose(
  name: string,
  specialists: readonly Specialist[],
  options: Partial<ComposeOptions> = {},
  means: Partial<ComposeMeans> = {},
) {
  const whole = {
    ...({
      name,
      base: folder,
      out: join(work, name),
      mode: 'auto',
      companions: 'all',
      bounds: DEFAULT_BOUNDS,
      refineSteps: 0,
    } as const),
    ...({ acceptWorse: true, type: 'F32', gguf: null } as const),
    ...options,
  };
  return composeFolder(whole, specialists, texts, { threads: 1, keypair, ...means });
}

describe('composing a folder', () => {
  test('overlapping packages become experts of their own in a checkpoint that loads strictly', async () => {
    const { manifest, table } = await compose('overlapping', [code, law]);
    const { config, parameters } = await loadCheckpoint(join(work, 'overlapping'));
    expect(config).toEqual({ ...TINY, experts: 12 });
    expect(manifest).toEqual(await verifyComposition(join(work, 'overlapping')));
    for (const [layer, origins] of manifest.layers.entries()) {
      for (const [expert, origin] of origins.entries()) {
        const name = (index: number) => `model.layers.${layer}.mlp.experts.${index}.up_proj.weight`;
        const from = origin.kind === 'trained' ? [code, law][origin.package]!.parameters : base.parameters;
        expect(parameters.get(name(expert))!.data, name(expert)).toEqual(from.get(name(origin.expert))!.data);
      }
    }
    // Loaders that take every such file for parameters find the model's alone.
    const files = await readdir(join(work, 'overlapping'));
    expect(files.filter((name) => name.endsWith('.safetensors'))).toEqual(['model.safetensors']);
    const written = manifest.evaluation!.composition.map(({ lossNanoNats }) => lossNanoNats);
    expect(written).toEqual([...table.composition.values()].map((loss) => Math.round(loss * 1e9)));
  });

  test('rows are refined where steps are asked for, those of the base are not, and the manifest says how', async () => {
    const { manifest } = await compose('refined', [code, law], { refineSteps: 2 });
    const plain = await compose('plain', [code, law]);
    const { method, refinement } = manifest.router;
    expect(refinement).toMatchObject({ steps: 2, sequences: 4, fitText: 'adapt', choiceText: 'heldout' });
    expect(manifest).toEqual(await verifyComposition(join(work, 'refined')));
    const rows = async (name: string) => {
      const { parameters } = await loadCheckpoint(join(work, name));
      return floats(parameters.get(layerPrefix(1) + LAYER.router)!);
    };
    const [after, before] = [await rows('refined'), await rows('plain')];
    const native = TINY.experts * TINY.hiddenSize;
    expect(after.slice(0, native)).toEqual(before.slice(0, native));
    expect(after.slice(native)).not.toEqual(before.slice(native));
    expect(method).toBe(refinement!.chosen === 0 ? 'joint-ridge' : 'ridge-gradient');
    expect(plain.manifest.router).toMatchObject({ method: 'ridge', refinement: null });
  });

  test('disjoint packages go in place and leave router and shape alone', async () => {
    const other = { ...law, experts: new Map([[1, [2]]]) };
    const parameters = new Map(
      [...law.parameters].filter(([name]) => name.includes('layers.1.mlp.experts.2.')),
    );
    const { manifest } = await compose('disjoint', [code, { ...other, parameters }]);
    expect(manifest.router).toEqual({ method: 'native', baseStatistics: null, refinement: null });
    expect((await loadCheckpoint(join(work, 'disjoint'))).config).toEqual(TINY);
  });

  test.each([
    'model.safetensors.index.json',
    'model-00001-of-00001.safetensors',
    'chat_template.jinja',
    'tokenizer_config.json',
    'model.gguf',
    'pytorch_model.bin',
  ])('%s beside what is signed is refused', async (path) => {
    const name = `with-${path.replaceAll(/[^a-z0-9]+/g, '-')}`;
    await compose(name, [code]);
    await expect(verifyComposition(join(work, name))).resolves.not.toBeNull();
    await writeFile(join(work, name, path), '{}');
    await expect(verifyComposition(join(work, name))).rejects.toMatchObject({
      code: 'composition_malformed',
      details: { path },
    });
  });

  test('a manifest that leaves a file of the checkpoint out is refused, signed or not', async () => {
    const { manifest } = await compose('left-out', [code]);
    const files = manifest.files.filter(({ path }) => path !== 'model.safetensors');
    const signed = await signComposition({ ...manifest, files }, keypair.sign);
    await writeFile(join(work, 'left-out', COMPOSITION_FILE), encodeComposition(signed));
    await expect(verifyComposition(join(work, 'left-out'))).rejects.toThrow(
      'does not name model.safetensors',
    );
  });

  test('what was put into the folder meanwhile stays, and nothing is written over it', async () => {
    const out = join(work, 'meanwhile');
    const onRefined = () => {
      mkdirSync(out, { recursive: true });
      writeFileSync(join(out, 'notes.txt'), 'mine');
    };
    const composing = compose('meanwhile', [code, law], { refineSteps: 1 }, { onRefined });
    await expect(composing).rejects.toMatchObject({ code: 'composition_conflict', details: { folder: out } });
    expect(await readdir(out)).toEqual(['notes.txt']);
    expect(await readFile(join(out, 'notes.txt'), 'utf8')).toBe('mine');
    expect((await readdir(work)).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  test('an empty folder of its name is taken', async () => {
    await mkdir(join(work, 'empty'));
    await compose('empty', [code]);
    expect(await verifyComposition(join(work, 'empty'))).not.toBeNull();
  });

  test.each(['model.gguf', 'below/model.gguf', '.'])(
    'a GGUF file at %s of the folder is refused',
    async (path) => {
      const gguf = { path: join(work, 'around', path), type: 'F32' } as const;
      await expect(compose('around', [code], { gguf })).rejects.toThrow('give a path outside of it');
      expect((await readdir(work)).filter((name) => name.startsWith('around'))).toEqual([]);
    },
  );

  test('a composition beyond its bounds is not written', async () => {
    const strict = { bounds: STRICT, acceptWorse: false };
    const refused = compose('worse', [code, law], strict);
    await expect(refused).rejects.toMatchObject({ code: 'composition_worse' });
    await expect(refused).rejects.not.toThrow('--companions');
    expect((await readdir(work)).filter((name) => name.startsWith('worse'))).toEqual([]);

    await expect(compose('worse', [code, law], { ...strict, companions: 1 })).rejects.toThrow('--companions');
    await expect(compose('worse', [code], strict)).rejects.toThrow('--placement added');

    const { verdict } = await compose('worse', [code, law], { ...strict, acceptWorse: true });
    const manifest = await verifyComposition(join(work, 'worse'));
    expect(manifest!.evaluation!.failures).toEqual(verdict.failures);
    expect(verdict.failures.length).toBeGreaterThan(0);
  });

  test('a flipped byte of any file is found', async () => {
    const { manifest } = await compose('flipped', [code]);
    for (const { path } of manifest.files) {
      const whole = await readFile(join(work, 'flipped', path));
      const flipped = Buffer.from(whole);
      flipped[whole.length >> 1]! ^= 1;
      await writeFile(join(work, 'flipped', path), flipped);
      await expect(verifyComposition(join(work, 'flipped'))).rejects.toThrow(path);
      await writeFile(join(work, 'flipped', path), whole);
    }
    expect(await verifyComposition(join(work, 'flipped'))).toEqual(manifest);
  });

  test.each<[string, () => Specialist, string, RegExp]>([
    ['another base', () => ({ ...code, baseHash: 'cd'.repeat(32) }), 'base_differs', /was made for the base/],
    [
      'a missing tensor',
      () => ({ ...code, parameters: new Map([...code.parameters].slice(1)) }),
      'specialist_invalid',
      /code@1\.0\.0: tensor model\.layers\.\d\.mlp\.experts\.\d\.gate_proj\.weight is missing/,
    ],
    [
      'a tensor of another expert',
      () => ({
        ...code,
        experts: new Map([
          [1, [0, 1]],
          [2, [0]],
        ]),
      }),
      'specialist_invalid',
      /is of no expert that it names/,
    ],
    [
      'a value that is not finite',
      () => {
        const [name, { shape, data }] = [...code.parameters][0]!;
        const broken = { shape, data: data.map((value, i) => (i === 3 ? Number.NaN : value)) };
        return { ...code, parameters: new Map([...code.parameters, [name, broken]]) };
      },
      'specialist_invalid',
      /not finite/,
    ],
    ['a domain nobody can measure', () => ({ ...code, domain: 'chess' }), 'composition_conflict', /chess/],
  ])('a package with %s is refused', async (_, specialist, errorCode, message) => {
    const failure = compose('refused', [specialist()]);
    await expect(failure).rejects.toThrow(message);
    await expect(failure).rejects.toMatchObject({ code: errorCode });
  });

  test('a folder that is not empty is left alone', async () => {
    await expect(compose('base', [code])).rejects.toThrow(/is not empty/);
  });
});
