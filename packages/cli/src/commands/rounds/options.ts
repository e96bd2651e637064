import { z } from 'zod';
import { integerOption, pathOption } from '../../command/options.ts';

const spanOption = z
  .string()
  .regex(/^\d{1,10}\.\.\d{1,10}$/, 'must be two round numbers such as 0..9')
  .transform((text) => text.split('..').map(Number) as [number, number])
  .refine(([first, last]) => first <= last, 'must not end before it begins');

export const exportOptions = z.object({
  out: pathOption,
  rounds: spanOption.optional(),
  dir: pathOption,
  model: z.boolean(),
  json: z.boolean().optional(),
});
export type ExportOptions = z.output<typeof exportOptions>;

export const replayOptions = z.object({
  dir: pathOption,
  events: pathOption.optional(),
  interval: integerOption(0, 60_000),
  color: z.boolean(),
  json: z.boolean().optional(),
});
export type ReplayOptions = z.output<typeof replayOptions>;
