import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { moveLargestFirst } from './largest.ts';
import {
  getPositions,
  type PositionLayout,
  positionBits,
  positionLayout,
  putPositions,
} from './positions.ts';

/** Layouts with some positions that fit them. */
const choices = fc
  .record({ span: fc.integer({ min: 1, max: 300 }), share: fc.double({ min: 0, max: 1, noNaN: true }) })
  .chain(({ span, share }) => {
    const most = Math.max(1, Math.ceil(share * span));
    const positions = fc.uniqueArray(fc.integer({ min: 0, max: span - 1 }), { maxLength: most });
    return fc.record({
      layout: fc.constant(positionLayout(span, most)),
      positions: positions.map((list) => Uint32Array.from(list).sort()),
      at: fc.integer({ min: 0, max: 20 }),
    });
  });

function packed(layout: PositionLayout, positions: Uint32Array, at: number): Uint8Array {
  const bytes = new Uint8Array(Math.ceil((at + positionBits(layout)) / 8));
  putPositions(layout, positions, positions.length, bytes, at);
  return bytes;
}

describe('positions', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(choices, ({ layout, positions, at }) => {
        const read = new Uint32Array(layout.span);
        expect(getPositions(layout, packed(layout, positions, at), at, read)).toBe(positions.length);
        expect(read.subarray(0, positions.length)).toEqual(positions);
      }),
      { numRuns: 500 },
    );
  });

  it('have one encoding: whatever bits can be read are the bits that would be written', () => {
    const layouts = [
      positionLayout(9, 3),
      positionLayout(6, 6),
      positionLayout(16, 1),
      positionLayout(13, 2),
    ];
    for (const layout of layouts) {
      const bits = positionBits(layout);
      const readable = new Set<string>();
      for (let pattern = 0; pattern < 2 ** bits; pattern++) {
        const bytes = Uint8Array.of(pattern & 0xff, pattern >> 8, pattern >> 16);
        const read = new Uint32Array(layout.most);
        const count = getPositions(layout, bytes, 0, read);
        if (typeof count === 'string') continue;
        const positions = read.subarray(0, count);
        expect(packed(layout, positions, 0)).toEqual(bytes.subarray(0, Math.ceil(bits / 8)));
        readable.add(positions.join());
      }
      // All subsets of at most `most` positions, and nothing else.
      expect(readable.size).toBe(subsets(layout.span, layout.most));
    }
  });

  it('take less than one bit a position more than the logarithm of the number of choices, if there are dozens', () => {
    for (const [span, most] of [
      [4096, 32],
      [4096, 64],
      [4096, 96],
      [4096, 128],
      [4096, 512],
      [2048, 48],
      [65_536, 1024],
    ] as const) {
      let least = 0;
      for (let i = 1; i <= most; i++) least += Math.log2((span - most + i) / i);
      const excess = (positionBits(positionLayout(span, most)) - least) / most;
      expect(excess).toBeGreaterThanOrEqual(0);
      expect(excess).toBeLessThan(1);
    }
  });
});

describe('moveLargestFirst', () => {
  it('finds the same keys as sorting, in any order of input', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 0, max: 500 }), { maxLength: 120 }),
        fc.nat({ max: 130 }),
        fc.constantFrom('as it comes', 'ascending', 'descending'),
        (list, wanted, order) => {
          if (order !== 'as it comes') list.sort((a, b) => (order === 'ascending' ? a - b : b - a));
          const kept = Math.min(wanted, list.length);
          const keys = Float64Array.from(list);
          moveLargestFirst(keys, list.length, kept);
          const expected = [...list].sort((a, b) => b - a).slice(0, kept);
          expect([...keys.subarray(0, kept)].sort((a, b) => b - a)).toEqual(expected);
        },
      ),
      { numRuns: 500 },
    );
  });
});

function subsets(span: number, most: number): number {
  let choose = 1;
  let sum = 1;
  for (let i = 1; i <= most; i++) {
    choose = (choose * (span - i + 1)) / i;
    sum += choose;
  }
  return sum;
}
