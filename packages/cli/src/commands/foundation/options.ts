import { z } from 'zod';
import { integerOption, pathOption } from '../../command/options.ts';

export const trainFoundationOptions = z.object({
  out: pathOption,
  steps: integerOption(1, 10_000_000).optional(),
  threads: integerOption(1, 64),
  resume: z.boolean().optional(),
  json: z.boolean().optional(),
});
export type TrainFoundationOptions = z.output<typeof trainFoundationOptions>;
