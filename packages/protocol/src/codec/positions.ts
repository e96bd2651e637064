import { getBits, putBits } from './bit-string.ts';

/**
 * How ascending positions below `span`, at most `most` of them, become bits (Elias 1974, Fano 1971). A position's lowest
 * `lowBits` bits are stored as they are, `most` times. The rest of it, its bucket, is stored in unary: for the i-th
 * position, bit `bucket + i` of a string of `upperBits` bits is 1.
 *
 * The length depends on `span` and `most` alone. With dozens of positions it exceeds the least possible, the logarithm of the
 * number of choices, by less than a bit a position.
 */
export type PositionLayout = {
  readonly span: number;
  readonly most: number;
  readonly lowBits: number;
  readonly upperBits: number;
};

/** The shortest layout; of equally short ones that with fewer low bits. */
export function positionLayout(span: number, most: number): PositionLayout {
  let best: PositionLayout | null = null;
  for (let lowBits = 0; lowBits < 17; lowBits++) {
    const candidate = { span, most, lowBits, upperBits: most + ((span - 1) >> lowBits) };
    if (best === null || positionBits(candidate) < positionBits(best)) best = candidate;
  }
  return best!;
}

export function positionBits({ most, lowBits, upperBits }: PositionLayout): number {
  return upperBits + most * lowBits;
}

/** Writes the first `count` of `positions`, which ascend strictly, from bit `at` on. The bits there are 0. */
export function putPositions(
  layout: PositionLayout,
  positions: Uint32Array,
  count: number,
  bytes: Uint8Array,
  at: number,
): void {
  const { lowBits, upperBits } = layout;
  const lowMask = (1 << lowBits) - 1;
  for (let i = 0; i < count; i++) {
    const position = positions[i]!;
    putBits(bytes, at + (position >> lowBits) + i, 1, 1);
    putBits(bytes, at + upperBits + i * lowBits, lowBits, position & lowMask);
  }
}

/**
 * Reads positions into `positions` and returns how many there are, or what is wrong: more of them than allowed, not
 * strictly ascending, not below `span`, or low bits that belong to no position.
 */
export function getPositions(
  layout: PositionLayout,
  bytes: Uint8Array,
  at: number,
  positions: Uint32Array,
): number | string {
  const { span, most, lowBits, upperBits } = layout;
  let count = 0;
  let before = -1;
  for (let bit = 0; bit < upperBits; bit++) {
    if (getBits(bytes, at + bit, 1) === 0) continue;
    if (count === most) return `more than ${most} values`;
    const low = getBits(bytes, at + upperBits + count * lowBits, lowBits);
    const position = ((bit - count) << lowBits) | low;
    if (position <= before) return 'positions that do not ascend';
    if (position >= span) return `a position beyond ${span} values`;
    positions[count] = position;
    before = position;
    count++;
  }
  for (let i = count; i < most; i++) {
    if (getBits(bytes, at + upperBits + i * lowBits, lowBits) !== 0) return 'low bits without a position';
  }
  return count;
}
