import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSha256, sha256Hex } from '../encoding/hash.ts';
import { ConnitoError } from '../errors.ts';
import { elementsOf, type TensorSpec } from '../tensor/tensor.ts';
import { randomTensors } from '../testing/example-run.ts';
import { BundleDecoder } from './bundle-decoder.ts';
import { BundleEncoder } from './bundle-encoder.ts';
import { bundleLayout, type ChunkPlace } from './bundle-layout.ts';
import { type CodecChoice, codecOf } from './codec.ts';
import { decodeDelta, encodeDelta } from './delta-codec.ts';

const CODECS: readonly CodecChoice[] = [
  'fp16',
  'int8',
  { kind: 'top-k', chunk: 512, kept: 12, bits: 2 },
  { kind: 'top-k', chunk: 4096, kept: 96, bits: 2 },
];
const specs: readonly TensorSpec[] = [
  { name: 'b', shape: [90, 100] },
  { name: 'a', shape: [3] },
  { name: 'c', shape: [4096] },
];
const delta = randomTensors(specs, 'stream', 0.01);

describe.each(CODECS)('streaming with %j', (choice) => {
  const codec = codecOf(choice);
  const whole = encodeDelta(choice, delta);

  it('encodes chunk by chunk to the bytes, hashes and residual of the whole', () => {
    const encoder = new BundleEncoder(codec, specs);
    const pieces: number[] = [];
    for (let place = encoder.next; place !== null; place = encoder.next) {
      const { name, start, values } = place;
      const { bytes, residual } = encoder.encode(delta.get(name)!.data.subarray(start, start + values));
      pieces.push(...bytes);
      expect(residual).toEqual(whole.residual.get(name)!.data.subarray(start, start + values));
    }
    expect(Uint8Array.from(pieces)).toEqual(whole.bundle);
    const { tensors, bundleSha256 } = encoder.finish();
    expect(bundleSha256).toBe(sha256Hex(whole.bundle));
    for (const { offset, bytes, sha256 } of tensors) {
      expect(sha256).toBe(sha256Hex(whole.bundle.subarray(offset, offset + bytes)));
    }
    expect(tensors).toEqual(whole.tensors);
  });

  it('decodes pieces of any size to the values and hashes of the whole', () => {
    const size = fc.integer({ min: 1, max: 3000 });
    fc.assert(
      fc.property(fc.array(size, { minLength: 1 }), (sizes) => {
        const values = new Map(specs.map(({ name, shape }) => [name, new Float32Array(elementsOf(shape))]));
        const places: ChunkPlace[] = [];
        const decoder = new BundleDecoder(
          codec,
          specs,
          (place, chunk) => {
            places.push(place);
            values.get(place.name)!.set(chunk, place.start);
          },
          createSha256,
        );
        for (let at = 0, i = 0; at < whole.bundle.length; i++) {
          const end = at + sizes[i % sizes.length]!;
          expect(decoder.push(whole.bundle.subarray(at, end))).toBeNull();
          at = end;
        }
        expect(decoder.finish()).toEqual({
          verdict: { kind: 'decoded' },
          hashes: {
            tensors: whole.tensors.map(({ sha256 }) => sha256),
            bundle: whole.bundleSha256,
          },
        });
        const expected = decodeDelta(choice, whole.bundle, specs);
        if (expected.kind === 'invalid') throw new Error(expected.why);
        for (const [name, { data }] of expected.delta) expect(values.get(name)).toEqual(data);
        expect(places.map(({ name }) => name).sort()).toEqual(places.map(({ name }) => name));
      }),
      { numRuns: 10 },
    );
  });

  it('holds a few chunks, however long the tensor is', () => {
    const long = [{ name: 'w', shape: [2 ** 11, 2 ** 9] }];
    const chunkBytes = codec.chunkBytes(codec.chunk);
    const values = randomTensors([{ name: 'w', shape: [codec.chunk] }], 'long', 0.01).get('w')!.data;
    // A chunk of values, its encoding, and hashes. `top-k` has 20 bytes a value more, made with the codec.
    const bound = 4 * codec.chunk + chunkBytes + 4096;
    let sent = 0;
    const encoding = bytesAllocatedBy(() => {
      const encoder = new BundleEncoder(codec, long);
      while (encoder.next !== null) sent += encoder.encode(values).bytes.length;
    });
    expect(sent).toBe(bundleLayout(choice, long).bytes);
    expect(encoding).toBeLessThan(bound);

    const { bundle } = encodeDelta(choice, new Map([['w', { shape: [codec.chunk], data: values }]]));
    let received = 0;
    const count = (_: ChunkPlace, chunk: Float32Array) => {
      received += chunk.length;
    };
    const decoding = bytesAllocatedBy(() => {
      const decoder = new BundleDecoder(codec, long, count, createSha256);
      for (let at = 0; at < decoder.bytes; at += bundle.length) expect(decoder.push(bundle)).toBeNull();
    });
    expect(received).toBe(2 ** 20);
    expect(decoding).toBeLessThan(bound);
    // What holds a whole delta is seen to hold it.
    const { length } = delta.get('b')!.data;
    expect(bytesAllocatedBy(() => decodeDelta(choice, whole.bundle, specs))).toBeGreaterThan(4 * length);
  });

  it('hands on nothing after a fault, and knows what is too long before it looks at it', () => {
    let handed = 0;
    const decoder = new BundleDecoder(codec, specs, () => handed++);
    expect(decoder.push(new Uint8Array(decoder.bytes + 1))).toMatchObject({ reason: 'bundle_too_large' });
    expect(handed).toBe(0);

    const short = new BundleDecoder(codec, specs, () => handed++);
    short.push(whole.bundle.subarray(0, -1));
    expect(short.finish().verdict).toMatchObject({ kind: 'invalid', reason: 'bundle_corrupt' });

    const broken = new BundleDecoder(codec, specs, () => handed++);
    const bytes = whole.bundle.slice();
    bytes.fill(0xff, 0, codec.chunkBytes(3));
    handed = 0;
    expect(broken.push(bytes)).toMatchObject({ kind: 'invalid' });
    expect(broken.finish().verdict).toMatchObject({ kind: 'invalid' });
    expect(handed).toBe(0);
  });
});

describe('BundleEncoder', () => {
  it('takes exactly the values it asks for', () => {
    const encoder = new BundleEncoder(codecOf('int8'), [{ name: 'w', shape: [5] }]);
    expect(() => encoder.encode(new Float32Array(4))).toThrow('Expected 5 values of "w" from 0 on, got 4.');
    expect(() => encoder.finish()).toThrow('Values of "w" are missing.');
    encoder.encode(new Float32Array(5));
    expect(() => encoder.encode(new Float32Array(5))).toThrow(ConnitoError);
  });
});

/**
 * Bytes of all typed arrays that `work` makes memory for, whether they live on or not: an upper bound of what it can hold
 * at a time, and one that does not depend on when garbage is collected.
 */
function bytesAllocatedBy(work: () => void): number {
  const names = ['Uint8Array', 'Uint32Array', 'Float32Array', 'Float64Array', 'ArrayBuffer'] as const;
  const originals = names.map((name) => globalThis[name]);
  let bytes = 0;
  for (const name of names) {
    const original = globalThis[name];
    const unit = name === 'ArrayBuffer' ? 1 : (original as Uint8ArrayConstructor).BYTES_PER_ELEMENT;
    const counting: object = new Proxy(original, {
      construct(target, [first, ...rest], newTarget): object {
        const isView = first instanceof originals[4]!;
        if (!isView) bytes += unit * (typeof first === 'number' ? first : Array.from(first).length);
        return Reflect.construct(target, [first, ...rest], newTarget === counting ? target : newTarget);
      },
    });
    Object.assign(globalThis, { [name]: counting });
  }
  try {
    work();
  } finally {
    for (const [i, name] of names.entries()) Object.assign(globalThis, { [name]: originals[i] });
  }
  return bytes;
}
