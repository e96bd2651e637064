import {
  EXPERT_PROJECTIONS,
  type ExpertGroup,
  type ExpertGroupId,
  expertsOf,
  expertTensorName,
  type StateHash,
  type TensorMap,
} from '@connito/protocol';
import type { RunState } from './state-loader.ts';

/** One state on the fixed reporting texts, in enough detail to compare it with any other state. */
export type StateMeasurement = {
  readonly state: StateHash;
  readonly domains: readonly DomainMeasurement[];
  readonly experts: readonly ExpertDrift[];
};

export type DomainMeasurement = {
  readonly domain: string;
  /** Nats per token of each reporting sequence; equal indices are the same sequence in all measurements. */
  readonly losses: readonly number[];
  /** The same of the sub-model whose routers may choose the group's experts only; null where no group trains on the domain. */
  readonly subModelLosses: readonly number[] | null;
  /** Mean bytes of text in a token of these sequences; null where the run's tokenizer is not at hand. */
  readonly bytesPerToken: number | null;
  /** `[layer][expert]`: share of the chosen (token, expert) pairs, each row summing to 1; null where not profiled. */
  readonly load: readonly (readonly number[])[] | null;
};

/** How far one trained expert has moved. */
export type ExpertDrift = {
  readonly group: ExpertGroupId;
  readonly layer: number;
  readonly expert: number;
  /** ‖θ − θ_base‖ / ‖θ_base‖ over the expert's three matrices. */
  readonly sinceBase: number;
};

/** The drift of every expert that some group trains, by layer, then expert. */
export function expertDrifts(groups: readonly ExpertGroup[], base: RunState, state: RunState): ExpertDrift[] {
  return groups
    .flatMap((group) => {
      const before = base.groups.get(group.id)!.parameters;
      const after = state.groups.get(group.id)!.parameters;
      return expertsOf(group).map(({ layer, expert }) => ({
        group: group.id,
        layer,
        expert,
        sinceBase: relativeDistance(before, after, layer, expert),
      }));
    })
    .sort((a, b) => a.layer - b.layer || a.expert - b.expert);
}

function relativeDistance(before: TensorMap, after: TensorMap, layer: number, expert: number): number {
  let moved = 0;
  let whole = 0;
  for (const projection of EXPERT_PROJECTIONS) {
    const name = expertTensorName(layer, expert, projection);
    const from = before.get(name)!.data;
    const to = after.get(name)!.data;
    for (let i = 0; i < from.length; i++) {
      moved += (to[i]! - from[i]!) ** 2;
      whole += from[i]! ** 2;
    }
  }
  return Math.sqrt(moved / whole);
}
