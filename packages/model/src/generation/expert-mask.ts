import type { ModelConfig } from '../config.ts';
import type { ExpertSet } from '../parameters.ts';
import { MASKED_EXPERT } from '../transformer/experts.ts';

/** Added to the routers' logits, `[layers · experts]`: 0, or `MASKED_EXPERT` for what may not be chosen. */
export type ExpertMask = Float32Array;

/** Experts that a sequence may or may not use. Layers that `allow` does not name are free. */
export type ExpertRestriction = { readonly allow?: ExpertSet; readonly deny?: ExpertSet };

/** The mask of a restriction. Throws a RangeError naming an unknown expert, or a layer in which none would be left. */
export function expertMask(config: ModelConfig, { allow, deny }: ExpertRestriction): ExpertMask {
  const mask = new Float32Array(config.layers * config.experts);
  const each = (set: ExpertSet, layer: number): readonly number[] | undefined => {
    const experts = set.get(layer);
    const unknown = experts?.find((expert) => !(expert >= 0 && expert < config.experts));
    if (unknown !== undefined) {
      throw new RangeError(`layer ${layer} has no expert ${unknown}; it has ${config.experts}`);
    }
    return experts;
  };
  for (const set of [allow, deny]) {
    for (const layer of set?.keys() ?? []) {
      if (!(layer >= 0 && layer < config.layers))
        throw new RangeError(`the model has no layer ${layer}; it has ${config.layers}`);
    }
  }
  for (let layer = 0; layer < config.layers; layer++) {
    const row = mask.subarray(layer * config.experts, (layer + 1) * config.experts);
    const allowed = allow === undefined ? undefined : each(allow, layer);
    if (allowed !== undefined) {
      row.fill(MASKED_EXPERT);
      for (const expert of allowed) row[expert] = 0;
    }
    for (const expert of (deny === undefined ? undefined : each(deny, layer)) ?? [])
      row[expert] = MASKED_EXPERT;
    if (row.every((value) => value !== 0)) {
      throw new RangeError(`no expert of layer ${layer} is left to choose from`);
    }
  }
  return mask;
}
