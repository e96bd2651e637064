import { z } from 'zod';
import { integerOption, pathOption, shareOption } from '../../command/options.ts';

export const composeOptions = z.object({
  with: z.array(z.string().min(1)).min(1, 'name at least one package'),
  out: pathOption,
  packages: pathOption,
  base: pathOption.optional(),
  name: z
    .string()
    .regex(/^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/, 'must be lower-case letters, digits and inner hyphens')
    .optional(),
  placement: z.enum(['auto', 'in-place', 'added']),
  companions: z.union([z.literal('all'), integerOption(0, 65_535)], 'must be a whole number or "all"'),
  refine: integerOption(0, 100_000),
  minOracleRatio: shareOption,
  maxGeneralRise: shareOption,
  acceptWorse: z.boolean().optional(),
  sequences: integerOption(8, 65_536),
  type: z.enum(['F32', 'BF16']),
  gguf: pathOption.optional(),
  ggufType: z.enum(['F32', 'F16', 'BF16']),
  walletsPath: pathOption,
  wallet: z.string().min(1),
  hotkey: z.string().min(1),
  threads: integerOption(1, 256),
  json: z.boolean().optional(),
});
export type ComposeCommandOptions = z.output<typeof composeOptions>;
