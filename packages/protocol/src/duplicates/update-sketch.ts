import { uint32Bytes, utf8 } from '../encoding/bytes.ts';
import { taggedHash } from '../encoding/hash.ts';
import type { Architecture, DuplicateParameters, ExpertGroup } from '../run/run-definition.ts';
import { EXPERT_PROJECTIONS, expertsOf, expertTensorName } from '../tensor/expert-tensors.ts';
import { type TensorMap, tensorNamed } from '../tensor/tensor.ts';
import { CountSketch } from './count-sketch.ts';
import { expertResponses, probeInputs } from './expert-response.ts';

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
    expertResponses({ layer, expert, parameters: base, delta: null }, inputsOf.get(layer)!),
  );
  const maps = layers.map((layer) => {
    const own = experts.filter((expert) => expert.layer === layer).length;
    const weights =
      own * EXPERT_PROJECTIONS.length * architecture.hiddenSize * architecture.moeIntermediateSize;
    const responses = own * probes * architecture.hiddenSize;
    const mapOf = (stream: number, length: number): CountSketch =>
      new CountSketch(seed, stream, { length, width: sketchWidth });
    return { weights: mapOf(layer, weights), responses: mapOf(RESPONSE_STREAM + layer, responses) };
  });

  return (delta) => {
    const weights = layers.map((layer, l) => {
      const own = experts.filter((expert) => expert.layer === layer);
      return maps[l]!.weights.of(
        own.flatMap(({ expert }) =>
          EXPERT_PROJECTIONS.map(
            (projection) => tensorNamed(delta, expertTensorName(layer, expert, projection)).data,
          ),
        ),
      );
    });
    const responses = layers.map((layer, l) => {
      const changes = experts.flatMap(({ layer: own, expert }, i) => {
        if (own !== layer) return [];
        const after = expertResponses({ layer, expert, parameters: base, delta }, inputsOf.get(layer)!);
        return after.map((values, p) => values.map((value, k) => value - baseResponses[i]![p]![k]!));
      });
      return maps[l]!.responses.of(changes);
    });
    return { weights, responses };
  };
}
