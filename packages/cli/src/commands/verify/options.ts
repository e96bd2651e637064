import { z } from 'zod';
import { integerOption, pathOption } from '../../command/options.ts';

export const roundNumberOption = integerOption(0, 4_294_967_295);

export const verifyOptions = z
  .object({
    dir: pathOption,
    archive: pathOption.optional(),
    round: roundNumberOption.optional(),
    all: z.boolean().optional(),
    model: pathOption.optional(),
    head: z
      .string()
      .regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hex digits')
      .optional(),
    losses: z.boolean(),
    threads: integerOption(1, 256),
    json: z.boolean().optional(),
  })
  .refine(({ round, all }) => round === undefined || all !== true, {
    path: ['round'],
    message: 'names one round, --all means every one',
  });
export type VerifyOptions = z.output<typeof verifyOptions>;
