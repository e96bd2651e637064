import { z } from 'zod';
import { count, hash } from './parts.ts';

export const expertsSchema = z.object({
  round: count
    .nullable()
    .describe('The round that starts from the shown state; null where none was measured.'),
  state: hash.nullable(),
  layers: count,
  experts: count,
  owners: z.array(z.object({ group: z.string(), domain: z.string(), layer: count, expert: count })),
  domains: z.array(
    z.object({
      domain: z.string(),
      trained: z.boolean(),
      before: z.array(z.array(z.number())).nullable().describe('[layer][expert] of the base model.'),
      after: z.array(z.array(z.number())).nullable().describe('[layer][expert] of the shown state.'),
    }),
  ),
  overlap: z
    .array(z.object({ a: z.string(), b: z.string(), share: z.number() }))
    .describe('Load two domains have in common, mean over layers of the sum of the smaller shares, 0 to 1.'),
  drifts: z.array(z.object({ group: z.string(), layer: count, expert: count, sinceBase: z.number() })),
  updates: z
    .object({
      round: count,
      opened: count.describe('Reveals that were opened, the best scores first, at most 64.'),
      rows: z.array(
        z.object({
          uid: count,
          hotkey: z.string(),
          name: z.string().nullable(),
          group: z.string(),
          norm: z.number().describe('‖local − global‖ of the whole decoded update.'),
          scoreNanoNats: z.int().nullable(),
          mergeWeight: z.number(),
          experts: z.array(
            z.object({
              layer: count,
              expert: count,
              norm: z.number().describe('Of the expert’s three matrices.'),
            }),
          ),
        }),
      ),
    })
    .nullable()
    .describe('How far each update of the newest measured round before the shown state moves each expert.'),
});

export type ExpertsAnswer = z.infer<typeof expertsSchema>;
