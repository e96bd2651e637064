import { z } from 'zod';
import type { ModelConfig } from '../config.ts';
import { ModelError } from '../errors.ts';
import type { ExpertSet } from '../parameters.ts';

const schema = z.object({
  experts: z.record(z.string().regex(/^\d+$/), z.array(z.int().nonnegative())),
  shared_experts: z.literal(false),
  non_expert_modules: z.literal(false),
});

/** The expert configuration of ESFT: which experts train, and that nothing else does. */
export function encodeExpertGroup(experts: ExpertSet): string {
  const layers = [...experts.keys()].sort((a, b) => a - b);
  const config = {
    experts: Object.fromEntries(layers.map((layer) => [`${layer}`, experts.get(layer)!])),
    shared_experts: false,
    non_expert_modules: false,
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

/** Reads an ESFT expert configuration; throws `parameter_mismatch` if it does not fit the model. */
export function parseExpertGroup(json: unknown, config: ModelConfig, source: string): ExpertSet {
  const parsed = schema.safeParse(json);
  const refuse = (why: string): ModelError => new ModelError('parameter_mismatch', `${source} ${why}`);
  if (!parsed.success) throw refuse(`is no ESFT expert configuration: ${parsed.error.issues[0]?.message}`);
  const experts = new Map<number, readonly number[]>();
  for (const [layer, numbers] of Object.entries(parsed.data.experts)) {
    if (Number(layer) >= config.layers) throw refuse(`names layer ${layer}; the model has ${config.layers}`);
    const tooLarge = numbers.find((expert) => expert >= config.experts);
    if (tooLarge !== undefined) throw refuse(`names expert ${tooLarge}; a layer has ${config.experts}`);
    if (new Set(numbers).size !== numbers.length) throw refuse(`names an expert of layer ${layer} twice`);
    if (numbers.length > 0)
      experts.set(
        Number(layer),
        [...numbers].sort((a, b) => a - b),
      );
  }
  if (experts.size === 0) throw refuse('names no experts');
  return experts;
}
