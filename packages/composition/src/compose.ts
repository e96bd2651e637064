import { floats, type Tensor, tensor } from '@connito/engine';
import { type Checkpoint, LAYER, layerPrefix, type ModelConfig, type Parameters } from '@connito/model';
import type { Placement, Slot } from './placement/placement.ts';
import { matricesOf, type Specialist } from './specialist.ts';

/** Router row `[hiddenSize]` of an expert that is added to a layer. */
export type RowOf = (layer: number, slot: Slot) => ArrayLike<number>;

/**
 * The model a placement describes. Rows of the base's numbers are the base's, bit for bit; an added expert's row comes from
 * `rowOf`, and depends on nothing that is beside it.
 */
export function buildComposition(
  base: Checkpoint,
  specialists: readonly Specialist[],
  placement: Placement,
  rowOf: RowOf,
): Checkpoint {
  const config: ModelConfig = { ...base.config, experts: placement.experts };
  const byId = new Map(specialists.map((specialist) => [specialist.id, specialist]));
  const parameters = new Map<string, Tensor>();
  for (const [name, value] of base.parameters) {
    if (!name.includes('.mlp.')) parameters.set(name, value);
  }
  for (const [layer, slots] of placement.layers.entries()) {
    const native = base.parameters.get(layerPrefix(layer) + LAYER.router)!;
    const rows = new Float32Array(slots.length * config.hiddenSize);
    rows.set(floats(native));
    for (const [index, slot] of slots.entries()) {
      if (index >= base.config.experts) rows.set(rowOf(layer, slot), index * config.hiddenSize);
      const into = matricesOf(layer, index);
      for (const [i, value] of matricesAt(layer, slot, base.parameters, byId).entries()) {
        parameters.set(into[i]!, value);
      }
    }
    parameters.set(layerPrefix(layer) + LAYER.router, tensor(rows, [slots.length, config.hiddenSize]));
  }
  return { config, parameters };
}

function matricesAt(
  layer: number,
  slot: Slot,
  base: Parameters,
  specialists: ReadonlyMap<string, Specialist>,
): Tensor[] {
  const names = matricesOf(layer, slot.expert);
  if (slot.kind !== 'trained') return names.map((name) => base.get(name)!);
  const { parameters } = specialists.get(slot.specialist)!;
  return names.map((name) => {
    const { data, shape } = parameters.get(name)!;
    return tensor(data, shape);
  });
}

/** The base with one specialist's experts in place: the model it was trained as. */
export function specialistModel(base: Checkpoint, specialist: Pick<Specialist, 'parameters'>): Checkpoint {
  const parameters = new Map(base.parameters);
  for (const [name, { data, shape }] of specialist.parameters) parameters.set(name, tensor(data, shape));
  return { config: base.config, parameters };
}
