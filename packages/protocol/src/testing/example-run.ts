import { utf8 } from '../encoding/bytes.ts';
import { sha256, taggedHash } from '../encoding/hash.ts';
import { SeededRandom } from '../encoding/random.ts';
import example from '../fixtures/run-definition.json' with { type: 'json' };
import { parseRunDefinition } from '../run/parse-run-definition.ts';
import type { RunDefinition } from '../run/run-definition.ts';
import type { Tensor, TensorMap, TensorSpec } from '../tensor/tensor.ts';
import { elementsOf } from '../tensor/tensor.ts';

/** A small, valid run of two groups, for tests. */
export function exampleRun(): RunDefinition {
  return parseRunDefinition(structuredClone(example));
}

export function seedOf(label: string): Uint8Array {
  return taggedHash('connito/1/test', utf8(label));
}

/**
 * Tensors of the given names and shapes with nearly normal values (sums of twelve uniforms, so exact on every engine) of
 * the given standard deviation.
 */
export function randomTensors(specs: readonly TensorSpec[], label: string, deviation = 1): TensorMap {
  const random = new SeededRandom(sha256(utf8(label)));
  return new Map(
    specs.map(({ name, shape }): [string, Tensor] => [
      name,
      {
        shape,
        data: Float32Array.from({ length: elementsOf(shape) }, () => {
          let sum = -6;
          for (let i = 0; i < 12; i++) sum += random.nextFloat();
          return deviation * sum;
        }),
      },
    ]),
  );
}
