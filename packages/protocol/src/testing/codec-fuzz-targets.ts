import { BundleDecoder, type DecodedBundle } from '../codec/bundle-decoder.ts';
import { bundleLayout } from '../codec/bundle-layout.ts';
import { type CodecChoice, codecOf } from '../codec/codec.ts';
import { decodeDelta, encodeDelta } from '../codec/delta-codec.ts';
import { equalBytes } from '../encoding/bytes.ts';
import { firstNonFinite, type TensorSpec } from '../tensor/tensor.ts';
import { randomTensors } from './example-run.ts';

// Targets for a fuzzer: each takes any bytes, and throws only where the decoder broke a promise.

const CODECS: readonly CodecChoice[] = [
  'fp16',
  'int8',
  { kind: 'top-k', chunk: 64, kept: 8, bits: 2 },
  { kind: 'top-k', chunk: 100, kept: 30, bits: 1 },
  { kind: 'top-k', chunk: 16, kept: 16, bits: 4 },
  { kind: 'top-k', chunk: 512, kept: 100, bits: 3 },
];

/** Two tensors, with whole and partial chunks in most codecs. */
const SPECS: readonly TensorSpec[] = [
  { name: 'a', shape: [70] },
  { name: 'b', shape: [3, 11] },
];

/**
 * `decodeDelta` on bytes as they come. The first byte chooses a codec and whether the rest is cut or filled to the length of
 * a bundle, without which nearly every input would be refused for its length.
 */
export function fuzzDecodeDelta(bytes: Uint8Array): void {
  const first = bytes[0] ?? 0;
  const codec = CODECS[first % CODECS.length]!;
  const rest = bytes.subarray(1);
  if (first >= 0xf0) {
    requireKept(codec, rest);
    return;
  }
  const bundle = new Uint8Array(bundleLayout(codec, SPECS).bytes);
  for (let i = 0; i < bundle.length && rest.length > 0; i++) bundle[i] = rest[i % rest.length]!;
  requireKept(codec, bundle);
}

/**
 * `decodeDelta` on a valid bundle with some bytes changed: the first byte chooses codec and bundle, and each three after it
 * are a place and what is added to the byte there.
 */
export function fuzzMutatedBundle(bytes: Uint8Array): void {
  const first = bytes[0] ?? 0;
  const codec = first % CODECS.length;
  const bundle = validBundle(codec, Math.floor(first / CODECS.length) % VALID_BUNDLES).slice();
  for (let i = 1; i + 2 < bytes.length; i += 3) {
    const at = (bytes[i]! | (bytes[i + 1]! << 8)) % bundle.length;
    bundle[at] = (bundle[at]! + bytes[i + 2]!) & 0xff;
  }
  requireKept(CODECS[codec]!, bundle);
}

const VALID_BUNDLES = 8;
const bundles = new Map<number, Uint8Array>();

function validBundle(codec: number, number: number): Uint8Array {
  const key = codec * VALID_BUNDLES + number;
  let bundle = bundles.get(key);
  if (bundle === undefined) {
    bundle = encodeDelta(CODECS[codec]!, randomTensors(SPECS, `fuzz ${number}`, 10 ** -number)).bundle;
    bundles.set(key, bundle);
  }
  return bundle;
}

/** What `decodeDelta` promises about any bytes. */
function requireKept(codec: CodecChoice, bundle: Uint8Array): void {
  const whole = decodeDelta(codec, bundle, SPECS);
  const pieces = decodedInPieces(codec, bundle);
  if (whole.kind !== pieces.kind) throw new Error(`whole is ${whole.kind}, in pieces ${pieces.kind}`);
  if (whole.kind === 'invalid') {
    const known = ['bundle_too_large', 'bundle_corrupt', 'non_finite_delta'];
    if (!known.includes(whole.reason)) throw new Error(`unexpected reason ${whole.reason}`);
    return;
  }
  for (const [name, { data }] of whole.delta) {
    if (firstNonFinite(data) >= 0) throw new Error(`"${name}" is not finite`);
  }
  // int8 rounds the scale it computes from what it decoded, so it may find a neighbour of it.
  if (codec !== 'int8' && !equalBytes(encodeDelta(codec, whole.delta).bundle, bundle)) {
    throw new Error('the decoded delta has another encoding');
  }
}

function decodedInPieces(choice: CodecChoice, bundle: Uint8Array): DecodedBundle['verdict'] {
  const decoder = new BundleDecoder(codecOf(choice), SPECS, () => undefined);
  const middle = bundle.length >> 1;
  decoder.push(bundle.subarray(0, middle));
  decoder.push(bundle.subarray(middle));
  return decoder.finish().verdict;
}
