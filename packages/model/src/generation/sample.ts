import { SeededRandom } from '../corpus/seeded-random.ts';

export type Sampling = {
  /** 0 takes the most likely token. */
  readonly temperature: number;
  /** Only the most likely tokens whose probabilities sum to this are drawn from (Holtzman et al. 2020); 1 for all. */
  readonly topP: number;
  /** The token at a place of a sequence is a function of the logits, the seed and the place. */
  readonly seed: number;
};

export type TokenProbability = { readonly token: number; readonly logprob: number };

export type Sampled = TokenProbability & {
  /** The most likely tokens, most likely first. */
  readonly top: readonly TokenProbability[];
};

/**
 * Chooses the token at place `index`. Log probabilities are those of the model itself, in nats, before temperature and
 * top-p. Returns null where the logits are not finite: the parameters are broken.
 */
export function sample(
  logits: Float32Array,
  { temperature, topP, seed }: Sampling,
  index: number,
  topCount: number,
): Sampled | null {
  let best = 0;
  for (let token = 1; token < logits.length; token++) if (logits[token]! > logits[best]!) best = token;
  const max = logits[best]!;
  let sum = 0;
  for (let token = 0; token < logits.length; token++) sum += Math.exp(logits[token]! - max);
  if (!Number.isFinite(sum)) return null;
  const logTotal = max + Math.log(sum);
  const probability = (token: number): TokenProbability => ({ token, logprob: logits[token]! - logTotal });
  const chosen = temperature === 0 ? best : draw(logits, max, temperature, topP, uniform(seed, index));
  const top = topCount === 0 ? [] : mostLikely(logits, topCount);
  return { ...probability(chosen), top: top.map(probability) };
}

/** A number in [0, 1). */
function uniform(seed: number, index: number): number {
  return SeededRandom.fromIntegers(seed, index).next() / 2 ** 32;
}

function draw(logits: Float32Array, max: number, temperature: number, topP: number, u: number): number {
  const scaled = Float64Array.from(logits, (logit) => Math.exp((logit - max) / temperature));
  const total = scaled.reduce((sum, value) => sum + value, 0);
  if (topP >= 1) return pick(scaled.keys(), scaled, u * total);
  const order = likelyTokens(scaled, topP * total);
  let kept = 0;
  let mass = 0;
  while (kept < order.length && (kept === 0 || mass < topP * total)) mass += scaled[order[kept++]!]!;
  return pick(order.slice(0, kept), scaled, u * mass);
}

/** At least the tokens that make up `mass`, most likely first. Sorting all of a vocabulary would cost more than a step. */
function likelyTokens(weights: Float64Array, mass: number): number[] {
  // The largest weight is 1.
  for (const least of [1e-2, 1e-4, 0]) {
    const tokens: number[] = [];
    let sum = 0;
    for (let token = 0; token < weights.length; token++) {
      if (weights[token]! < least) continue;
      tokens.push(token);
      sum += weights[token]!;
    }
    if (sum >= mass || least === 0) return tokens.sort((a, b) => weights[b]! - weights[a]! || a - b);
  }
  return [];
}

/** The first token at which the running sum passes `target`. */
function pick(tokens: Iterable<number>, weights: Float64Array, target: number): number {
  let sum = 0;
  let last = 0;
  for (const token of tokens) {
    if (weights[token]! === 0) continue;
    last = token;
    sum += weights[token]!;
    if (sum > target) return token;
  }
  // Rounding may leave the target just above the sum.
  return last;
}

/** Tokens with the highest logits, highest first, ties to the lower id. */
function mostLikely(logits: Float32Array, count: number): number[] {
  const top: number[] = [];
  for (let token = 0; token < logits.length; token++) {
    if (top.length === count && logits[token]! <= logits[top[count - 1]!]!) continue;
    let at = top.length;
    while (at > 0 && logits[top[at - 1]!]! < logits[token]!) at--;
    top.splice(at, 0, token);
    if (top.length > count) top.pop();
  }
  return top;
}
