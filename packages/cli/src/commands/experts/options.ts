import { z } from 'zod';
import { indexListOption, integerOption, pathOption, shareOption } from '../../command/options.ts';

export const selectExpertsOptions = z.object({
  domain: z.enum(['code', 'law', 'math', 'prose'], 'must be code, law, math or prose'),
  out: pathOption,
  model: pathOption.optional(),
  score: z.enum(['gate', 'token']),
  share: shareOption,
  maxPerLayer: integerOption(1, 65_535).optional(),
  layers: indexListOption.optional(),
  disjointWith: z.array(pathOption),
  threads: integerOption(1, 256),
  json: z.boolean().optional(),
});
export type SelectExpertsOptions = z.output<typeof selectExpertsOptions>;
