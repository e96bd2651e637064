import { SCENARIOS } from '@connito/lab';
import { z } from 'zod';
import { pathOption } from '../../command/options.ts';

const NAMES = SCENARIOS.map(({ name }) => name);

export const labOptions = z
  .object({
    dir: pathOption,
    quick: z.boolean().optional(),
    scenario: z.array(z.enum(NAMES, `must be one of ${NAMES.join(', ')}`)),
    model: pathOption.optional(),
    out: pathOption.optional(),
    json: z.boolean().optional(),
  })
  .refine(({ quick, scenario }) => quick !== true || scenario.length === 0, {
    message: '--quick runs a fixed set; leave it out to name scenarios',
  });
export type LabOptions = z.output<typeof labOptions>;
