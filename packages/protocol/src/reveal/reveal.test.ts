import { getPublicKey, secretFromSeed, sign } from '@scure/sr25519';
import { describe, expect, it } from 'vitest';
import type { ArtifactHash, ExpertGroupId, Hotkey, RunId, StateHash } from '../brand.ts';
import { encodeDelta } from '../codec/delta-codec.ts';
import { utf8 } from '../encoding/bytes.ts';
import { sha256Hex } from '../encoding/hash.ts';
import type { Sign } from '../encoding/sr25519.ts';
import { verifySr25519 } from '../encoding/sr25519.ts';
import { hotkeyOf } from '../encoding/ss58.ts';
import { runIdOf } from '../run/parse-run-definition.ts';
import { groupOf, groupTensors } from '../tensor/expert-tensors.ts';
import { exampleRun, randomTensors } from '../testing/example-run.ts';
import { openBundle, openBundleStream } from './bundle.ts';
import { commitmentOf } from './commitment.ts';
import { type Manifest, manifestOf } from './manifest.ts';
import { checkReveal, encodeReveal, type Reveal, type RevealEvidence, signReveal } from './reveal.ts';

type Key = { readonly hotkey: Hotkey; readonly sign: Sign };

function keyOf(seed: number): Key {
  const secret = secretFromSeed(new Uint8Array(32).fill(seed));
  return { hotkey: hotkeyOf(getPublicKey(secret)), sign: (message) => sign(secret, message) };
}

const definition = exampleRun();
const run = runIdOf(definition);
const rules = { definition, run, verify: verifySr25519 };
const alice = keyOf(1);
const bob = keyOf(2);
const law = 'law' as ExpertGroupId;
const baseState = 'b'.repeat(64) as StateHash;
const salt = '5'.repeat(64);
const specs = groupTensors(groupOf(definition, law), definition.baseModel.architecture);
const encoded = encodeDelta('fp16', randomTensors(specs, 'delta', 0.01));
const manifest = manifestOf(
  {
    run,
    round: 1,
    group: law,
    hotkey: alice.hotkey,
    baseState,
    codec: 'fp16',
    trainedTokens: 10,
    innerSteps: 2,
  },
  encoded,
);

/** What the ledger and the store hold when `key` commits to `committed` and reveals `reveal`. */
function evidenceOf(
  reveal: Reveal,
  key: Key = alice,
  commitment = commitmentOf(reveal.manifest, reveal.salt),
) {
  const document = encodeReveal(reveal);
  const place = { kind: 'submitted', hotkey: key.hotkey, block: 141, index: 0 } as const;
  const evidence: RevealEvidence = {
    ...{ hotkey: key.hotkey, round: 1, assignedGroup: law, baseState, document },
    commit: { ...place, note: { kind: 'commit', round: 1, group: 0, commitment } },
    reveal: { ...place, block: 144, note: { kind: 'reveal', round: 1, document: sha256Hex(document) } },
  };
  return evidence;
}

async function reasonFor(changed: Partial<Manifest>, key: Key = alice): Promise<string> {
  const verdict = checkReveal(
    evidenceOf(await signReveal({ ...manifest, ...changed }, salt, key.sign), key),
    rules,
  );
  return verdict.kind === 'invalid' ? verdict.reason : 'valid';
}

async function* piecesOf(bundle: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bundle.length; at += 37) yield bundle.subarray(at, at + 37);
}

const honest = await signReveal(manifest, salt, alice.sign);

describe('reveal', () => {
  it('has the commitment of the test vector', () => {
    expect(commitmentOf(manifest, salt)).toBe(
      '98713166a9eb2206aca719907461cf7988098b25cd2772527500e0f56b861c45',
    );
  });

  it('of honest work is valid, and its bundle opens to the delta', () => {
    const verdict = checkReveal(evidenceOf(honest), rules);
    expect(verdict).toEqual({
      kind: 'valid',
      manifest,
      commitBlock: 141,
      bundleBytes: encoded.bundle.length,
    });
    const opened = openBundle(manifest, encoded.bundle, definition);
    expect(opened.kind === 'decoded' && [...opened.delta.keys()]).toEqual(specs.map(({ name }) => name));
  });

  it('without its notes or bytes has a typed reason', () => {
    const evidence = evidenceOf(honest);
    const place = { hotkey: alice.hotkey, block: 999, index: 0 };
    const cases: [Partial<RevealEvidence>, string][] = [
      [{ commit: { kind: 'missing' } }, 'no_commitment'],
      [
        { commit: { kind: 'late', ...place, note: { kind: 'commit', round: 1, group: 0, commitment: '' } } },
        'late_commit',
      ],
      [{ reveal: { kind: 'missing' } }, 'not_revealed'],
      [
        {
          reveal: {
            kind: 'late',
            ...place,
            note: { kind: 'reveal', round: 1, document: '' as ArtifactHash },
          },
        },
        'late_reveal',
      ],
      [{ document: null }, 'reveal_missing'],
      [{ document: utf8('{}') }, 'reveal_malformed'],
    ];
    for (const [change, reason] of cases)
      expect(checkReveal({ ...evidence, ...change }, rules)).toMatchObject({ reason });
  });

  it('copied commitment bytes are worthless to another key', async () => {
    const commitment = commitmentOf(manifest, salt);
    const relabelled = await signReveal({ ...manifest, hotkey: bob.hotkey }, salt, bob.sign);
    expect(checkReveal(evidenceOf(relabelled, bob, commitment), rules)).toMatchObject({
      reason: 'commitment_mismatch',
    });
    expect(checkReveal(evidenceOf(honest, bob, commitment), rules)).toMatchObject({
      reason: 'bad_signature',
    });
    const resigned = await signReveal(manifest, salt, bob.sign);
    expect(checkReveal(evidenceOf(resigned, bob, commitment), rules)).toMatchObject({
      reason: 'wrong_hotkey',
    });
  });

  it('another salt or a changed manifest does not match the commitment', async () => {
    const commitment = commitmentOf(manifest, salt);
    for (const reveal of [
      await signReveal(manifest, '6'.repeat(64), alice.sign),
      await signReveal({ ...manifest, trainedTokens: 11 }, salt, alice.sign),
    ]) {
      expect(checkReveal(evidenceOf(reveal, alice, commitment), rules)).toMatchObject({
        reason: 'commitment_mismatch',
      });
    }
  });

  it('replayed in another run, round, group or from another state fails its binding', async () => {
    expect(await reasonFor({ protocol: 'connito/0' })).toBe('wrong_protocol');
    expect(await reasonFor({ run: 'a'.repeat(64) as RunId })).toBe('wrong_run');
    expect(await reasonFor({ round: 0 })).toBe('wrong_round');
    expect(await reasonFor({ group: 'code' as ExpertGroupId })).toBe('wrong_group');
    expect(await reasonFor({ baseState: 'a'.repeat(64) as StateHash })).toBe('wrong_base_state');
    expect(await reasonFor({ codec: 'int8' })).toBe('wrong_codec');
  });

  it('tensors outside the group are a scope violation', async () => {
    const [first, ...rest] = manifest.tensors;
    for (const name of [
      'model.layers.0.mlp.gate.weight',
      'model.embed_tokens.weight',
      'model.layers.1.mlp.experts.3.up_proj.weight',
    ]) {
      expect(await reasonFor({ tensors: [{ ...first!, name }, ...rest] })).toBe('scope_violation');
      expect(await reasonFor({ tensors: [...manifest.tensors, { ...first!, name }] })).toBe(
        'scope_violation',
      );
    }
  });

  it('missing, repeated, mis-shaped, mis-typed or overlapping tensors are a manifest mismatch', async () => {
    const [first, second, ...rest] = manifest.tensors;
    const variants = [
      [second!, ...rest],
      [first!, first!, second!, ...rest],
      [second!, first!, ...rest],
      [{ ...first!, shape: [...first!.shape].reverse() }, second!, ...rest],
      [{ ...first!, dtype: 'F32' as const }, second!, ...rest],
      [first!, { ...second!, offset: 0 }, ...rest],
      [{ ...first!, bytes: 2 ** 52 }, second!, ...rest],
    ];
    for (const tensors of variants) expect(await reasonFor({ tensors })).toBe('manifest_mismatch');
  });

  it('bundles that are missing, padded, changed or mislabelled do not open, in one piece or in many', async () => {
    const reasonOf = async (of: Manifest, bundle: Uint8Array | null) => {
      const opened = openBundle(of, bundle, definition);
      if (bundle !== null) {
        const streamed = await openBundleStream(of, piecesOf(bundle), definition, () => undefined);
        expect(streamed).toMatchObject(opened.kind === 'invalid' ? opened : { kind: 'decoded' });
      }
      return opened.kind === 'invalid' ? opened.reason : 'decoded';
    };
    expect(await reasonOf(manifest, encoded.bundle)).toBe('decoded');
    expect(await reasonOf(manifest, encoded.bundle.subarray(1))).toBe('bundle_corrupt');
    expect(await reasonOf(manifest, null)).toBe('bundle_missing');
    expect(await reasonOf(manifest, new Uint8Array(definition.codec.maxBundleBytes + 1))).toBe(
      'bundle_too_large',
    );
    expect(
      await reasonOf(
        manifest,
        encoded.bundle.map((byte, i) => (i === 3 ? byte ^ 1 : byte)),
      ),
    ).toBe('bundle_corrupt');
    const padded = new Uint8Array([...encoded.bundle, 0]);
    expect(await reasonOf({ ...manifest, bundleSha256: sha256Hex(padded) }, padded)).toBe('bundle_too_large');
    const swapped = manifest.tensors.map((entry) => ({ ...entry, sha256: manifest.tensors[0]!.sha256 }));
    expect(await reasonOf({ ...manifest, tensors: swapped }, encoded.bundle)).toBe('bundle_corrupt');
    const poisoned = encoded.bundle.slice();
    poisoned.set([0x00, 0x7e]);
    expect(await reasonOf({ ...manifest, bundleSha256: sha256Hex(poisoned) }, poisoned)).toBe(
      'non_finite_delta',
    );
  });
});
