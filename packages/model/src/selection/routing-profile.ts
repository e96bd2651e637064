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

/** Runs sequences through the model and counts which experts its routers choose (Wang et al. 2024, ESFT). */
export async function profileRouting(
  pass: ForwardPass,
  parameters: Parameters,
  sequences: Sequences,
): Promise<RoutingProfile> {
  const { layers, experts } = pass.config;
  const gate = Array.from({ length: layers }, () => new Float64Array(experts));
  const token = Array.from({ length: layers }, () => new Float64Array(experts));
  const { sequences: batch, tokens } = pass.shape;
  const width = tokens + 1;
  let rows = 0;
  // Whole batches only: a padded one would count its copies.
  for (let start = 0; start + batch <= sequences.count; start += batch) {
    const block = sequences.data.subarray(start * width, (start + batch) * width);
    const { inputs } = inputsAndTargets(block, batch, tokens);
    const observe = (layer: number, gates: Float32Array): void => {
      for (let i = 0; i < gates.length; i++) {
        const value = gates[i]!;
        if (value <= 0) continue;
        gate[layer]![i % experts]! += value;
        token[layer]![i % experts]! += 1;
      }
    };
    await pass.layers(parameters, pass.embed(parameters, inputs), 0, layers, { observe });
    rows += batch * tokens;
  }
  if (rows === 0) throw new RangeError(`${sequences.count} sequences do not fill one batch of ${batch}`);
  const normalize = (scores: readonly Float64Array[]): number[][] =>
    scores.map((row) => {
      const total = row.reduce((a, b) => a + b, 0);
      return Array.from(row, (value) => value / total);
    });
  return { gate: normalize(gate), token: normalize(token), tokens: rows };
}
