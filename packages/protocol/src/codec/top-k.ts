import type { CodecParameters } from '../run/run-definition.ts';
import { bfloat16Bits, bfloat16Value, MAX_BFLOAT16_BITS, MIN_BFLOAT16_BITS } from './bfloat16.ts';
import { getBits, isZeroFrom, putBits } from './bit-string.ts';
import { moveLargestFirst } from './largest.ts';
import {
  getPositions,
  type PositionLayout,
  positionBits,
  positionLayout,
  putPositions,
} from './positions.ts';
import type { ValueCodec } from './value-codec.ts';

export type TopKParameters = Pick<
  Extract<CodecParameters, { readonly kind: 'top-k' }>,
  'chunk' | 'kept' | 'bits'
>;

/** Smaller magnitudes are not sent: a subnormal scale would have few digits. */
const MIN_MAGNITUDE = 2 ** -126;
/** Keys order by magnitude, then by position, lower first. Positions are below this. */
const POSITIONS = 2 ** 16;
const BFLOAT16_BYTES = 2;

/**
 * The largest values of each chunk (Lin et al. 2018; chunks, low bits and error feedback together as in SparseLoCo, Sarfi et
 * al. 2025). A chunk of a tensor's flattened values is
 *
 *     low [bfloat16], high [bfloat16] (with one bit a value: only the first),
 *     positions, as `PositionLayout` says, codes, zero bits up to a whole byte.
 *
 * A code is the sign in its lowest bit (1 is negative) and above it the level j of 2^(bits − 1) = L, which stands for the
 * magnitude `low + (high − low)·j / (L − 1)` computed in doubles and rounded to float32, or `low` where L is 1.
 *
 * Fewer values are sent where fewer have a magnitude of at least 2^-126; then the codes of the others are 0. A chunk that
 * sends none is all zero.
 */
export function topK({ chunk, kept, bits }: TopKParameters): ValueCodec {
  const levels = 2 ** (bits - 1);
  const scaleBytes = levels === 1 ? BFLOAT16_BYTES : 2 * BFLOAT16_BYTES;
  const magnitudeOf = (low: number, high: number, level: number): number =>
    levels === 1 ? low : Math.fround(low + ((high - low) * level) / (levels - 1));

  const wholeLayout = positionLayout(chunk, kept);
  const layoutOf = (values: number): PositionLayout =>
    values === chunk ? wholeLayout : positionLayout(values, Math.ceil((kept * values) / chunk));

  // Working memory, 20 bytes a value of a chunk.
  const keys = new Float64Array(chunk);
  const positions = new Uint32Array(chunk);
  const sent = new Float64Array(chunk);
  const floatView = new Float32Array(1);
  const bitsView = new Uint32Array(floatView.buffer);

  /** Puts positions of the largest values into `positions`, ascending, and returns how many there are. */
  function select(values: Float32Array, most: number): number {
    let candidates = 0;
    for (let i = 0; i < values.length; i++) {
      const magnitude = Math.abs(values[i]!);
      if (magnitude < MIN_MAGNITUDE) continue;
      floatView[0] = magnitude;
      keys[candidates++] = bitsView[0]! * POSITIONS + (POSITIONS - 1 - i);
    }
    const count = Math.min(most, candidates);
    moveLargestFirst(keys, candidates, count);
    for (let i = 0; i < count; i++) positions[i] = POSITIONS - 1 - (keys[i]! % POSITIONS);
    positions.subarray(0, count).sort();
    return count;
  }

  return {
    dtype: 'TOPK',
    chunk,
    chunkBytes(values) {
      const layout = layoutOf(values);
      return scaleBytes + Math.ceil((positionBits(layout) + layout.most * bits) / 8);
    },
    write(values, bytes) {
      bytes.fill(0);
      const layout = layoutOf(values.length);
      const count = select(values, layout.most);
      if (count === 0) return;
      const magnitudes = sent.subarray(0, count);
      for (let i = 0; i < count; i++) magnitudes[i] = Math.abs(values[positions[i]!]!);
      magnitudes.sort();
      const grid = levels === 2 ? twoMeans(magnitudes) : evenGrid(magnitudes, levels);
      putBits(bytes, 0, 16, grid.low);
      if (levels > 1) putBits(bytes, 16, 16, grid.high);

      const positionsAt = 8 * scaleBytes;
      putPositions(layout, positions, count, bytes, positionsAt);
      const codesAt = positionsAt + positionBits(layout);
      for (let i = 0; i < count; i++) {
        const value = values[positions[i]!]!;
        const code = (grid.levelOf(Math.abs(value)) << 1) | (value < 0 ? 1 : 0);
        putBits(bytes, codesAt + i * bits, bits, code);
      }
    },
    read(bytes, values) {
      values.fill(0);
      const layout = layoutOf(values.length);
      const lowScale = getBits(bytes, 0, 16);
      const highScale = levels === 1 ? lowScale : getBits(bytes, 16, 16);
      if (lowScale === 0) return isZeroFrom(bytes, 0) ? null : 'values without a scale';
      if (lowScale < MIN_BFLOAT16_BITS || highScale > MAX_BFLOAT16_BITS || lowScale > highScale) {
        return `scales 0x${lowScale.toString(16)} and 0x${highScale.toString(16)}`;
      }
      const positionsAt = 8 * scaleBytes;
      const count = getPositions(layout, bytes, positionsAt, positions);
      if (typeof count === 'string') return count;
      if (count === 0) return 'a scale without values';

      const low = bfloat16Value(lowScale);
      const high = bfloat16Value(highScale);
      const codesAt = positionsAt + positionBits(layout);
      let least = levels - 1;
      let most = 0;
      for (let i = 0; i < count; i++) {
        const code = getBits(bytes, codesAt + i * bits, bits);
        const level = code >> 1;
        least = Math.min(least, level);
        most = Math.max(most, level);
        const magnitude = magnitudeOf(low, high, level);
        values[positions[i]!] = (code & 1) === 1 ? -magnitude : magnitude;
      }
      // Both scales are somebody's magnitude, and equal scales need no levels: one delta has one encoding.
      if (least !== 0 || most !== (low === high ? 0 : levels - 1)) return 'scales that no value has';
      return isZeroFrom(bytes, codesAt + count * bits) ? null : 'padding that is not zero';
    },
  };
}

/** Two scales as bfloat16 bits, and the level of each magnitude between them. */
type Grid = {
  readonly low: number;
  readonly high: number;
  readonly levelOf: (magnitude: number) => number;
};

/**
 * Two levels with the least squared error before the scales are rounded: the means of the parts below and above the best
 * of all splits of the ascending magnitudes; of equally good ones the first.
 */
function twoMeans(magnitudes: Float64Array): Grid {
  const count = magnitudes.length;
  const total = sum(magnitudes);
  let below = 0;
  let best = { between: Number.NEGATIVE_INFINITY, size: 0, below: 0 };
  for (let size = 1; size < count; size++) {
    below += magnitudes[size - 1]!;
    // Equal magnitudes stay together.
    if (magnitudes[size - 1] === magnitudes[size]) continue;
    const above = total - below;
    const between = (below * below) / size + (above * above) / (count - size);
    if (between > best.between) best = { between, size, below };
  }
  if (best.size === 0) return flat(total / count);
  const low = bfloat16Bits(best.below / best.size);
  const high = bfloat16Bits((total - best.below) / (count - best.size));
  if (low === high) return flat(total / count);
  const firstAbove = magnitudes[best.size]!;
  return { low, high, levelOf: (magnitude) => (magnitude >= firstAbove ? 1 : 0) };
}

/** Levels at even distances from the smallest magnitude to the largest; a single level is their mean. */
function evenGrid(magnitudes: Float64Array, levels: number): Grid {
  if (levels === 1) return flat(sum(magnitudes) / magnitudes.length);
  const smallest = magnitudes[0]!;
  const largest = magnitudes[magnitudes.length - 1]!;
  const low = bfloat16Bits(smallest);
  const high = bfloat16Bits(largest);
  if (low === high) return flat(smallest);
  const from = bfloat16Value(low);
  const step = (bfloat16Value(high) - from) / (levels - 1);
  const levelOf = (magnitude: number): number => {
    // Both ends are always taken, however their scales were rounded.
    if (magnitude === smallest) return 0;
    if (magnitude === largest) return levels - 1;
    return Math.min(levels - 1, Math.max(0, Math.round((magnitude - from) / step)));
  };
  return { low, high, levelOf };
}

function flat(magnitude: number): Grid {
  const scale = bfloat16Bits(magnitude);
  return { low: scale, high: scale, levelOf: () => 0 };
}

function sum(magnitudes: Float64Array): number {
  let total = 0;
  for (const magnitude of magnitudes) total += magnitude;
  return total;
}
