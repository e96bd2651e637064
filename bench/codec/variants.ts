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
const SEVERAL = [1, 2, 3];

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
  topK(112, 1, { seeds: SEVERAL }),
  topK(64, 2, { seeds: SEVERAL }),
  variant('int8', { kind: 'int8' }),
  topK(96, 2, { decay: '0.95' }),
  topK(96, 2, { decay: null }),
  ...[128, 64, 32].flatMap((kept) => [1, 2, 4].map((bits) => topK(kept, bits))).filter(isNew),
  variant('fp16', { kind: 'fp16' }),
  variant('int8', { kind: 'int8' }, { decay: null }),
  ...[128, 64, 32].map((kept) => topK(kept, 2, { decay: null })),
  topK(64, 2, { decay: '0.95' }),
  ...[DEFAULT_RATE, 6e-4, 2.4e-3, 4.8e-3].map((rate) => variant('fp32', null, { rate })),
  topK(96, 2, { rate: DEFAULT_RATE }),
];

/** Top-64 with two bits is above already, with more seeds. */
function isNew({ name }: Variant): boolean {
  return name !== 'top-64, 2 bits';
}
