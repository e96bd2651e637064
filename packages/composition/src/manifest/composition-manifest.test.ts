import { keypairFromMiniSecret } from '@connito/node';
import { verifySr25519 } from '@connito/protocol';
import { describe, expect, test } from 'vitest';
import {
  type CompositionManifest,
  encodeComposition,
  parseComposition,
  signComposition,
} from './composition-manifest.ts';

const keypair = keypairFromMiniSecret(new Uint8Array(32).fill(7));
const hash = 'ab'.repeat(32);

function example(): CompositionManifest {
  const origins = [
    { kind: 'base', expert: 0 },
    { kind: 'trained', package: 0, expert: 1 },
    { kind: 'companion', package: 0, expert: 0 },
    { kind: 'spare', expert: 1 },
  ] as const;
  return {
    protocol: 'connito/1',
    name: 'math-and-law',
    author: keypair.hotkey,
    base: { hash, experts: 2 },
    packages: [{ id: '@lab/math@1.0.0', domain: 'math', contentHash: hash, placement: 'added' }],
    router: { method: 'ridge', baseStatistics: null, refinement: null },
    layers: [[...origins]],
    files: [{ path: 'config.json', bytes: 3, sha256: hash as never }],
    evaluation: null,
  };
}

async function signed(change: (document: CompositionManifest) => unknown): Promise<Uint8Array> {
  const document = example();
  change(document);
  return encodeComposition(await signComposition(document, keypair.sign));
}

describe('a composition manifest', () => {
  test('comes back as written', async () => {
    expect(parseComposition(await signed(() => undefined), verifySr25519)).toEqual(example());
  });

  test('any flipped byte is refused', async () => {
    const bytes = await signed(() => undefined);
    // Every seventh byte keeps the test short; 7 shares no factor with the length of anything in it.
    for (let at = 0; at < bytes.length; at += 7) {
      const flipped = bytes.slice();
      flipped[at]! ^= 1;
      expect(() => parseComposition(flipped, verifySr25519), `byte ${at}`).toThrow(
        expect.objectContaining({ code: 'composition_malformed' }),
      );
    }
  });

  test.each<[string, (document: CompositionManifest) => unknown, RegExp]>([
    [
      'layers of different sizes',
      ({ layers }) => layers.push([{ kind: 'base', expert: 0 }]),
      /layer 1 has 1/,
    ],
    [
      'an expert that the base does not have',
      ({ layers }) => layers[0]!.splice(0, 1, { kind: 'spare', expert: 2 }),
      /no origin/,
    ],
    [
      'an expert of a package that is not there',
      ({ layers }) => layers[0]!.splice(1, 1, { kind: 'trained', package: 1, expert: 0 }),
      /no origin/,
    ],
    ['a package twice', ({ packages }) => packages.push(packages[0]!), /twice/],
    [
      'a path out of the folder',
      ({ files }) => Object.assign(files[0]!, { path: '../key' }),
      /plain file name/,
    ],
    ['another author', (document) => Object.assign(document, { author: OTHER }), /not signed by/],
  ])('%s is refused', async (_, change, message) => {
    const bytes = await signed(change);
    expect(() => parseComposition(bytes, verifySr25519)).toThrow(message);
  });
});

const OTHER = keypairFromMiniSecret(new Uint8Array(32).fill(8)).hotkey;
