import {
  add,
  gatherAlong,
  gatherRows,
  indicator,
  matmul,
  mul,
  nonZero,
  reduceMean,
  reduceSum,
  reshape,
  rmsNorm,
  scalar,
  scatterAddRows,
  scatterAlong,
  silu,
  softmax,
  split,
  topK,
  transpose,
  type Value,
} from '@connito/engine';
import type { ModelConfig } from '../config.ts';
import { expertName, LAYER } from '../parameters.ts';

/** Added to the logit of an expert that may not be chosen: its gate is exactly 0 in single precision. */
export const MASKED_EXPERT = -1e9;

export type ExpertMixture = {
  /** `[rows, hiddenSize]`. */
  readonly output: Value;
  /** Gate of every expert for every row, 0 where not chosen: `[rows, experts]`. */
  readonly gates: Value;
  /** Load-balancing loss (Fedus et al. 2021), at least 1 and equal to 1 when all experts serve equally: scalar `[]`. */
  readonly balanceLoss: Value;
};

/**
 * A sparse mixture of SwiGLU experts (Shazeer et al. 2017, Shazeer 2020), added to its input. Each row is sent to the
 * `expertsPerToken` experts with the highest router logits; an expert sees its own rows only.
 *
 * The gate scales the hidden activation instead of the expert's output, which is the same by linearity of the down
 * projection and lets the backward pass do without that output.
 *
 * `mask` `[experts]`, 0 or `MASKED_EXPERT`, is added to the router's logits: masked experts are not chosen and take no part
 * in the gates of the others. Where fewer are left than a token uses, those left share the whole gate.
 */
export function expertMixture(
  config: ModelConfig,
  rows: number,
  x: Value,
  parameter: (name: string) => Value,
  mask: Value | null = null,
): ExpertMixture {
  const { experts, expertsPerToken } = config;
  const h = rmsNorm(x, parameter(LAYER.expertNorm), config.rmsEpsilon);
  const native = matmul(h, parameter(LAYER.router), { transposeB: true });
  const logits = mask === null ? native : add(native, mask);
  const chosen = topK(logits, expertsPerToken);
  const chosenGates = config.renormalizeGates
    ? softmax(chosen.values)
    : gatherAlong(softmax(logits), chosen.indices);
  const gates = scatterAlong(chosenGates, chosen.indices, experts);

  const columns = split(transpose(gates, [1, 0]), 0, new Array<number>(experts).fill(1));
  let output = x;
  columns.forEach((column, expert) => {
    const gate = reshape(column, [rows]);
    const own = nonZero(gate, `rows${expert}`);
    const ownRows = gatherRows(h, own);
    const ownGate = reshape(gatherRows(gate, own), [`rows${expert}`, 1]);
    const up = matmul(ownRows, parameter(expertName(expert, 'up_proj')), { transposeB: true });
    const act = silu(matmul(ownRows, parameter(expertName(expert, 'gate_proj')), { transposeB: true }));
    const hidden = mul(mul(act, up), ownGate);
    const down = matmul(hidden, parameter(expertName(expert, 'down_proj')), { transposeB: true });
    output = scatterAddRows(output, own, down);
  });

  const load = reduceMean(indicator(gates), { axis: 0 });
  const meanProbability = reduceMean(softmax(logits), { axis: 0 });
  const balanceLoss = mul(
    reduceSum(mul(load, meanProbability), { axis: 0 }),
    scalar(experts / expertsPerToken),
  );
  return { output, gates, balanceLoss };
}
