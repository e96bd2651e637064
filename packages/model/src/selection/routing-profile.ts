import type { Sequences } from '../evaluation/sequence-losses.ts';
import type { Parameters } from '../parameters.ts';
import { inputsAndTargets } from '../training/inner-steps.ts';
import type { ForwardPass } from '../transformer/forward-pass.ts';

/** How a domain's text uses the experts, by `[layer][expert]`. Each layer's row sums to 1. */
export type RoutingProfile = {
  /** Mean gate of each expert over all tokens: ESFT's gate score. */
  readonly gate: readonly (readonly number[])[];
  /** Share of the chosen (token, expert) pairs: ESFT's token score. */
  readonly token: readonly (readonly number[])[];
  readonly tokens: number;
};

/** Counts which experts routers choose, layer by layer, over any number of batches. */
export class RoutingCount {
  readonly #gate: readonly Float64Array[];
  readonly #token: readonly Float64Array[];
  readonly #experts: number;

  constructor(layers: number, experts: number) {
    this.#gate = Array.from({ length: layers }, () => new Float64Array(experts));
    this.#token = Array.from({ length: layers }, () => new Float64Array(experts));
    this.#experts = experts;
  }

  /** Adds the gates `[rows, experts]` that one layer's router chose. */
  add(layer: number, gates: Float32Array): void {
    const gate = this.#gate[layer]!;
    const token = this.#token[layer]!;
    for (let i = 0; i < gates.length; i++) {
      const value = gates[i]!;
      if (value <= 0) continue;
      gate[i % this.#experts]! += value;
      token[i % this.#experts]! += 1;
    }
  }

  /** Shares of each expert by `[layer][expert]`; rows of layers never counted hold zeros. */
  shares(): Pick<RoutingProfile, 'gate' | 'token'> {
    return { gate: this.#gate.map(normalized), token: this.#token.map(normalized) };
  }
}

/** Runs sequences through the model and counts which experts its routers choose (Wang et al. 2024, ESFT). */
export async function profileRouting(
  pass: ForwardPass,
  parameters: Parameters,
  sequences: Sequences,
): Promise<RoutingProfile> {
  const { layers, experts } = pass.config;
  const count = new RoutingCount(layers, experts);
  const { sequences: batch, tokens } = pass.shape;
  const width = tokens + 1;
  let rows = 0;
  // Whole batches only: a padded one would count its copies.
  for (let start = 0; start + batch <= sequences.count; start += batch) {
    const block = sequences.data.subarray(start * width, (start + batch) * width);
    const { inputs } = inputsAndTargets(block, batch, tokens);
    const observe = (layer: number, gates: Float32Array): void => count.add(layer, gates);
    await pass.layers(parameters, pass.embed(parameters, inputs), 0, layers, { observe });
    rows += batch * tokens;
  }
  if (rows === 0) throw new RangeError(`${sequences.count} sequences do not fill one batch of ${batch}`);
  return { ...count.shares(), tokens: rows };
}

function normalized(scores: Float64Array): number[] {
  const total = scores.reduce((a, b) => a + b, 0);
  return Array.from(scores, (value) => (total === 0 ? 0 : value / total));
}
