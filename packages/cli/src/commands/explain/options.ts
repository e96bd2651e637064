import { z } from 'zod';
import { integerOption, pathOption } from '../../command/options.ts';

export const explainOptions = z.object({
  uid: z.int().min(0).max(65_535),
  round: integerOption(0, 4_294_967_295).optional(),
  dir: pathOption,
  json: z.boolean().optional(),
});
export type ExplainOptions = z.output<typeof explainOptions>;
