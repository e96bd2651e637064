import { z } from 'zod';
import { pathOption } from '../../command/options.ts';

export const statusOptions = z.object({ dir: pathOption, json: z.boolean().optional() });
export type StatusOptions = z.output<typeof statusOptions>;
