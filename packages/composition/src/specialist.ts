import {
  EXPERT_MATRICES,
  type ExpertSet,
  expertName,
  expertParameterNames,
  layerPrefix,
  type ModelConfig,
  parameterShapes,
} from '@connito/model';
import type { TensorMap } from '@connito/protocol';
import { compositionError } from './errors.ts';
import type { RoutingStatistics } from './router/routing-statistics.ts';

/** The experts that one run trained for one domain, and what their router rows are solved from. */
export type Specialist = {
  /** Names it in manifests and messages, such as `@lab/law@1.2.0`. */
  readonly id: string;
  readonly domain: string;
  /** sha256 of the package's contents, or of whatever else it was read from. */
  readonly contentHash: string;
  /** `baseHashOf` the model it was trained on. */
  readonly baseHash: string;
  readonly experts: ExpertSet;
  /** Exactly the matrices of `experts`. */
  readonly parameters: TensorMap;
  /** Of its own model on its own domain's training text. */
  readonly statistics: RoutingStatistics;
};

/** Throws `base_differs`, saying what to do, unless a specialist was made for the base of this hash. */
export function requireSameBase(
  { id, baseHash }: Pick<Specialist, 'id' | 'baseHash'>,
  expected: string,
): void {
  if (baseHash === expected) return;
  const message = `${id} was made for the base model ${baseHash}, this one is ${expected}. Experts of another base compute on other hidden states, even where all shapes agree; give the base it was made for with --base, or leave it out.`;
  throw compositionError('base_differs', message, { package: id });
}

/**
 * Throws `base_differs` or `specialist_invalid`, naming package and tensor, unless a specialist fits the base exactly: no
 * tensor missing, superfluous, misshapen or not finite.
 */
export function requireFitting(specialist: Specialist, config: ModelConfig, baseHash: string): void {
  const { id } = specialist;
  requireSameBase(specialist, baseHash);
  const refuse = (why: string, tensor: string | null = null) =>
    compositionError('specialist_invalid', `${id}: ${why}.`, { package: id, tensor });
  if (specialist.experts.size === 0) throw refuse('it has no experts');
  for (const [layer, experts] of specialist.experts) {
    const known = experts.every((expert) => expert >= 0 && expert < config.experts);
    if (layer >= config.layers || !known || new Set(experts).size !== experts.length) {
      throw refuse(
        `it names experts ${experts} of layer ${layer}; the base has ${config.layers} layers of ${config.experts}`,
      );
    }
  }
  const names = new Set(expertParameterNames(specialist.experts));
  const shapes = parameterShapes(config);
  for (const name of names) {
    const found = specialist.parameters.get(name);
    if (found === undefined) throw refuse(`tensor ${name} is missing`, name);
    const shape = shapes.get(name)!;
    if (found.shape.join() !== shape.join()) {
      throw refuse(`tensor ${name} is [${found.shape}], the base needs [${shape}]`, name);
    }
    if (!found.data.every(Number.isFinite))
      throw refuse(`tensor ${name} holds a value that is not finite`, name);
  }
  for (const name of specialist.parameters.keys()) {
    if (!names.has(name)) throw refuse(`tensor ${name} is of no expert that it names`, name);
  }
  const { layers } = specialist.statistics;
  const fits = layers.every(
    ({ mean, gates }) => mean.length === config.hiddenSize && gates.length === config.experts,
  );
  if (layers.length !== config.layers || !fits)
    throw refuse('its routing statistics are of another shape of model');
}

/** Full names of one expert's matrices. */
export function matricesOf(layer: number, expert: number): string[] {
  return EXPERT_MATRICES.map((matrix) => layerPrefix(layer) + expertName(expert, matrix));
}
