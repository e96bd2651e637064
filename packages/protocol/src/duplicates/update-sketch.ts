import { uint32Bytes, utf8 } from '../encoding/bytes.ts';
import { taggedHash } from '../encoding/hash.ts';
import type { Architecture, DuplicateParameters, ExpertGroup } from '../run/run-definition.ts';
import { EXPERT_PROJECTIONS, expertsOf, expertTensorName } from '../tensor/expert-tensors.ts';
import { type TensorMap, tensorNamed } from '../tensor/tensor.ts';
import { CountSketch } from './count-sketch.ts';
import { expertResponse, probeInputs } from './expert-response.ts';

/** A few thousand numbers that tell whether two updates of one group are the same work. */
export type UpdateSketch = {
  /** For each layer a projection of the delta itself. */
  readonly weights: readonly Float64Array[];
  /** For each layer a projection of how its experts' answers to random inputs change: blind to function-preserving rewrites. */
  readonly responses: readonly Float64Array[];
};

export type Sketcher = (delta: TensorMap) => UpdateSketch;

/** Streams of the count sketch: weights use their layer's number, responses that and a bit that no layer number has. */
const RESPONSE_STREAM = 0x8000_0000;

/**
 * Makes sketches of updates (local − global) to one group's parameters. Sketches compare only if made with the same base
 * and seed: take the current state for updates of earlier rounds too, and a seed that did not exist when they were
 * committed, such as the round's evaluation seed.
 */
export function createSketcher(
  group: ExpertGroup,
  architecture: Architecture,
  base: TensorMap,
  seed: Uint8Array,
  { sketchWidth, probes }: Pick<DuplicateParameters, 'sketchWidth' | 'probes'>,
): Sketcher {
  const experts = expertsOf(group);
  const layers = [...new Set(experts.map(({ layer }) => layer))];
  const inputsOf = new Map(
    layers.map((layer) => {
      const own = taggedHash('connito/1/probe-inputs', seed, utf8(group.id), uint32Bytes(layer));
      return [layer, probeInputs(own, probes, architecture.hiddenSize)];
    }),
  );
  const baseResponses = experts.map(({ layer, expert }) =>
    inputsOf
      .get(layer)!
      .map((input) => expertResponse({ layer, expert, parameters: base, delta: null }, input)),
  );

  return (delta) => {
    const weights = layers.map((layer) => {
      const sketch = new CountSketch(seed, layer, sketchWidth);
      for (const { layer: own, expert } of experts) {
        if (own !== layer) continue;
        for (const projection of EXPERT_PROJECTIONS) {
          sketch.add(tensorNamed(delta, expertTensorName(layer, expert, projection)).data);
        }
      }
      return sketch.finish();
    });
    const responses = layers.map((layer) => {
      const sketch = new CountSketch(seed, RESPONSE_STREAM + layer, sketchWidth);
      for (const [i, { layer: own, expert }] of experts.entries()) {
        if (own !== layer) continue;
        for (const [p, input] of inputsOf.get(layer)!.entries()) {
          const before = baseResponses[i]![p]!;
          const after = expertResponse({ layer, expert, parameters: base, delta }, input);
          sketch.add(after.map((value, k) => value - before[k]!));
        }
      }
      return sketch.finish();
    });
    return { weights, responses };
  };
}
