import type { ExpertGroupId } from '../brand.ts';
import { protocolError } from '../errors.ts';
import type { Architecture, ExpertGroup, RunDefinition } from '../run/run-definition.ts';
import type { TensorSpec } from './tensor.ts';

export const EXPERT_PROJECTIONS = ['gate_proj', 'up_proj', 'down_proj'] as const;
export type ExpertProjection = (typeof EXPERT_PROJECTIONS)[number];

/** Prefix of the outer momentum's tensors, which otherwise carry their parameter's name. */
export const MOMENTUM_PREFIX = 'momentum.';

/** A tensor's name in Hugging Face checkpoints of Qwen3-MoE. */
export function expertTensorName(layer: number, expert: number, projection: ExpertProjection): string {
  return `model.layers.${layer}.mlp.experts.${expert}.${projection}.weight`;
}

/** `[moeIntermediateSize, hiddenSize]` for gate and up, `[hiddenSize, moeIntermediateSize]` for down. */
export function expertTensorShape(
  architecture: Architecture,
  projection: ExpertProjection,
): readonly number[] {
  const { hiddenSize, moeIntermediateSize } = architecture;
  return projection === 'down_proj' ? [hiddenSize, moeIntermediateSize] : [moeIntermediateSize, hiddenSize];
}

/** The `(layer, expert)` pairs of a group, by layer, then expert. */
export function expertsOf(group: ExpertGroup): { readonly layer: number; readonly expert: number }[] {
  return Object.entries(group.experts)
    .flatMap(([layer, experts]) => experts.map((expert) => ({ layer: Number(layer), expert })))
    .sort((a, b) => a.layer - b.layer || a.expert - b.expert);
}

/** Names and shapes of all tensors of a group's experts, in name order. */
export function groupTensors(group: ExpertGroup, architecture: Architecture): TensorSpec[] {
  return expertsOf(group)
    .flatMap(({ layer, expert }) =>
      EXPERT_PROJECTIONS.map((projection) => ({
        name: expertTensorName(layer, expert, projection),
        shape: expertTensorShape(architecture, projection),
      })),
    )
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The group of an id. Fails with `invalid_argument`. */
export function groupOf(definition: RunDefinition, id: ExpertGroupId): ExpertGroup {
  const group = definition.groups.find((candidate) => candidate.id === id);
  if (group === undefined)
    throw protocolError('invalid_argument', `The run has no expert group "${id}".`, { group: id });
  return group;
}
