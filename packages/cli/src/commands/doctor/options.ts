import { z } from 'zod';
import { integerOption, pathOption } from '../../command/options.ts';

export const doctorOptions = z.object({
  dir: pathOption,
  model: pathOption.optional(),
  port: integerOption(1, 65_534).optional(),
  json: z.boolean().optional(),
});
export type DoctorOptions = z.output<typeof doctorOptions>;
