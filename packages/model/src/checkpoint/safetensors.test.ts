import { type Tensor, tensor } from '@connito/engine';
import { describe, expect, test } from 'vitest';
import { fromBfloat16, toBfloat16 } from './bfloat16.ts';
import { decodeSafetensors, encodeSafetensors, readMetadata } from './safetensors.ts';

const tensors = new Map<string, Tensor>([
  ['b', tensor(Float32Array.of(1, -2, 0.5, 3), [2, 2])],
  ['a', tensor(Float32Array.of(0.25), [1])],
]);

/** A file with its JSON header replaced. */
function withHeader(header: object, data = new Uint8Array(20)): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(header));
  const file = new Uint8Array(8 + json.length + data.length);
  new DataView(file.buffer).setBigUint64(0, BigInt(json.length), true);
  file.set(json, 8);
  file.set(data, 8 + json.length);
  return file;
}

describe('safetensors', () => {
  test('single precision comes back bit for bit, in any order', () => {
    const decoded = decodeSafetensors(encodeSafetensors(tensors, 'F32', { step: '3' }), 'file');
    expect([...decoded.keys()].sort()).toEqual(['a', 'b']);
    expect(decoded.get('b')).toEqual(tensors.get('b'));
  });

  test('metadata comes back', () => {
    expect(readMetadata(encodeSafetensors(tensors, 'F32', { step: '3' }), 'file')).toMatchObject({
      step: '3',
    });
  });

  test('reads from a buffer at an odd offset, as files come', () => {
    const file = encodeSafetensors(tensors, 'F32');
    const shifted = Buffer.alloc(file.length + 1);
    shifted.set(file, 1);
    expect(decodeSafetensors(shifted.subarray(1), 'file').get('b')).toEqual(tensors.get('b'));
  });

  test.each([
    ['an empty file', new Uint8Array(0)],
    ['a header longer than the file', Uint8Array.of(255, 255, 255, 255, 0, 0, 0, 0)],
    ['a header that is no JSON', Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0, 33, 33)],
    ['overlapping tensors', withHeader({ a: entry([2], 0, 8), b: entry([3], 4, 16) })],
    ['a gap', withHeader({ a: entry([2], 0, 8), b: entry([2], 12, 20) })],
    ['bytes that do not fit the shape', withHeader({ a: entry([4], 0, 20) })],
    ['data after the last tensor', withHeader({ a: entry([2], 0, 8) })],
    ['a range over the end', withHeader({ a: entry([8], 0, 32) })],
    ['a negative offset', withHeader({ a: entry([2], -8, 0) })],
    [
      'a type that holds no parameters',
      withHeader({ a: { dtype: 'I64', shape: [1], data_offsets: [0, 8] } }),
    ],
  ])('refuses %s', (_, file) => {
    expect(() => decodeSafetensors(file, 'model.safetensors')).toThrow(/model\.safetensors is not a valid/);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY])('refuses the value %d and says where it is', (value) => {
    const broken = new Map([['w', tensor(Float32Array.of(1, value), [2])]]);
    expect(() => decodeSafetensors(encodeSafetensors(broken, 'F32'), 'f')).toThrow(
      /tensor w .* at element 1/,
    );
  });
});

function entry(shape: number[], start: number, end: number): object {
  return { dtype: 'F32', shape, data_offsets: [start, end] };
}

describe('bfloat16', () => {
  test('rounds to nearest, ties to even, and keeps what is not finite', () => {
    const one = 1;
    const half = 2 ** -8;
    const values = Float32Array.of(
      one,
      one + half,
      one + 3 * half,
      -one - half / 2,
      Infinity,
      -Infinity,
      NaN,
      3.4e38,
    );
    const rounded = fromBfloat16(toBfloat16(values));
    expect([...rounded]).toEqual([1, 1, 1 + 4 * half, -1, Infinity, -Infinity, NaN, Infinity]);
  });

  test('is exact on its own values', () => {
    const all = Uint16Array.from({ length: 65_536 }, (_, bits) => bits).filter(
      (bits) => !Number.isNaN(fromBfloat16(Uint16Array.of(bits))[0]!),
    );
    expect(toBfloat16(fromBfloat16(all))).toEqual(all);
  });
});
