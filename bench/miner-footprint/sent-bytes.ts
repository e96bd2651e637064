import { floats } from '@connito/engine';
import type { Parameters } from '@connito/model';
import {
  encodeDelta,
  encodeNote,
  encodeReveal,
  expertGroupIdSchema,
  hotkeyOf,
  manifestOf,
  runIdSchema,
  signReveal,
  stateHashSchema,
} from '@connito/protocol';
import type { Footprint } from './job.ts';

/**
 * Bytes a miner uploads for one delta: the int8 bundle, the signed reveal document with its manifest, and the two notes on the
 * ledger. Hashes, keys and signature are dummies of the real length, on which alone the sizes depend.
 */
export async function sentBytes(delta: Parameters): Promise<NonNullable<Footprint['sent']>> {
  const tensors = new Map(
    [...delta].map(([name, value]) => [name, { shape: value.shape, data: floats(value) }]),
  );
  const encoded = encodeDelta('int8', tensors);
  const digits = 'ab'.repeat(32);
  const work = {
    run: runIdSchema.parse(digits),
    round: 12,
    group: expertGroupIdSchema.parse('code'),
    hotkey: hotkeyOf(new Uint8Array(32)),
    baseState: stateHashSchema.parse(digits),
    codec: 'int8',
    trainedTokens: 12_288,
    innerSteps: 12,
  };
  const manifest = manifestOf(work, encoded);
  const reveal = encodeReveal(await signReveal(manifest, digits, () => new Uint8Array(64)));
  const notes = [
    encodeNote({ kind: 'commit', round: 12, group: 0, commitment: digits }),
    encodeNote({ kind: 'reveal', round: 12, document: manifest.bundleSha256 }),
  ];
  return {
    bundle: encoded.bundle.length,
    reveal: reveal.length,
    notes: notes.reduce((sum, note) => sum + note.length, 0),
  };
}
