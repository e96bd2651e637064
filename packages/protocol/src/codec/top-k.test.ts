import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TensorMap } from '../tensor/tensor.ts';
import { decodeDelta, encodeDelta } from './delta-codec.ts';

describe('codec top-k', () => {
  const choice = fc
    .record({
      kind: fc.constant('top-k' as const),
      chunk: fc.integer({ min: 2, max: 40 }),
      kept: fc.integer({ min: 1, max: 40 }),
      bits: fc.integer({ min: 1, max: 8 }),
    })
    .map((c) => ({ ...c, kept: Math.min(c.kept, c.chunk) }));
  const value = fc.oneof(
    fc.float({ noNaN: true, noDefaultInfinity: true }),
    fc.constantFrom(0, -0, 1, -1, 1, 2, -2, 3.4e38, 1e-40, 2 ** -126),
    fc.float({ noNaN: true, min: -1, max: 1 }),
  );
  it('decodes what it encodes, and encodes that to the same bytes', () => {
    fc.assert(
      fc.property(choice, fc.array(value, { minLength: 1, maxLength: 90 }), (codec, values) => {
        const delta: TensorMap = new Map([
          ['w', { shape: [values.length], data: Float32Array.from(values) }],
        ]);
        const specs = [{ name: 'w', shape: [values.length] }];
        const { bundle } = encodeDelta(codec, delta);
        const result = decodeDelta(codec, bundle, specs);
        if (result.kind === 'invalid') throw new Error(result.why);
        const again = encodeDelta(codec, result.delta);
        expect(again.bundle).toEqual(bundle);
      }),
      { numRuns: 3000 },
    );
  });
});
