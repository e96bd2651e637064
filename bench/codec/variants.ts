import type { CodecChoice } from '@connito/protocol';

/** One way of sending deltas. */
export type Variant = {
  readonly name: string;
  /** Null sends float32 values as they are. */
  readonly codec: CodecChoice | null;
  /** What of the residual is carried from round to round; null: nothing. */
  readonly decay: string | null;
  readonly learningRate: number;
  /** Data orders it is run with. */
  readonly seeds: readonly number[];
};

/** Values that compete with each other, as in SparseLoCo. */
export const CHUNK = 4096;
/** The local network's inner learning rate. */
const DEFAULT_RATE = 2e-4;
/**
 * The rate with which uncompressed training ends lowest, of those run below. At the default rate it is far from its end after
 * 100 rounds, and whatever delays an update looks bad for that reason alone.
 */
export const BEST_RATE = 1.2e-3;
/** Enough to see how much the order of the data alone moves the loss. */
const SEVERAL = [1, 2, 3, 4, 5];

type Choice = { decay?: string | null; rate?: number; seeds?: readonly number[] };

function variant(name: string, codec: CodecChoice | null, choice: Choice = {}): Variant {
  const { decay = codec === null ? null : '1', rate = BEST_RATE, seeds = [1] } = choice;
  const feedback = decay === null ? ', no feedback' : decay === '1' ? '' : `, decay ${decay}`;
  const suffix = `${codec === null ? '' : feedback}${rate === BEST_RATE ? '' : `, rate ${rate}`}`;
  return { name: `${name}${suffix}`, codec, decay, learningRate: rate, seeds };
}

function topK(kept: number, bits: number, choice: Choice = {}): Variant {
  const name = `top-${kept}, ${bits} bit${bits === 1 ? '' : 's'}`;
  return variant(name, { kind: 'top-k', chunk: CHUNK, kept, bits }, choice);
}

/** In the order in which they run, so that an ablation that was cut short answers the main question first. */
export const VARIANTS: readonly Variant[] = [
  variant('fp32', null, { seeds: SEVERAL }),
  topK(96, 2, { seeds: SEVERAL }),
  topK(96, 2, { decay: null }),
  topK(96, 2, { decay: '0.95' }),
  variant('int8', { kind: 'int8' }),
  topK(112, 1),
  ...[64, 128, 32].flatMap((kept) => [2, 1, 4].map((bits) => topK(kept, bits))),
  ...[DEFAULT_RATE, 6e-4, 2.4e-3].map((rate) => variant('fp32', null, { rate })),
  topK(96, 2, { rate: DEFAULT_RATE }),
];
