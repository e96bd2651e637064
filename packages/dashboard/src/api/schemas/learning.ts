import { z } from 'zod';
import { count } from './parts.ts';

export const stepSchema = z.object({
  gain: z.number().describe('Fall of the loss against the round before, nats per token.'),
  low: z.number().describe('95 % paired interval of the gain.'),
  high: z.number(),
  subModel: z
    .object({
      gain: z.number().describe("The same measured on the sub-model that may use the group's experts only."),
      gap: z
        .number()
        .describe("That less the whole model's gain: what a score on sub-models would overstate."),
      low: z.number().describe('95 % paired interval of the gap.'),
      high: z.number(),
    })
    .nullable()
    .describe('Null where no group trains on the domain. Nothing is paid by it.'),
});

const lossPointSchema = z.object({
  round: count.describe('The round that starts from this state; 0 is the base model.'),
  loss: z.number().describe('Nats per token on the reporting set.'),
  bitsPerByte: z.number().nullable(),
  fall: z.number().describe('Fall since the base model, nats per token: positive is better.'),
  low: z.number().describe('95 % paired interval of the fall.'),
  high: z.number(),
  step: stepSchema
    .nullable()
    .describe('What the round before this state gave; null where either was not measured.'),
});

export const learningSchema = z.object({
  from: count,
  to: count.describe('Both included.'),
  every: count.describe('Only every n-th state is given; nothing is averaged.'),
  domains: z.array(
    z.object({
      domain: z.string(),
      trained: z.boolean().describe('Whether an expert group trains on it; other domains are general text.'),
      points: z.array(lossPointSchema),
    }),
  ),
  merges: z.array(
    z.object({
      round: count,
      outcome: z.enum(['canonical', 'void']),
      groups: z.array(z.object({ group: z.string(), mergedUpdates: count, scale: z.number() })),
    }),
  ),
});

export type LearningAnswer = z.infer<typeof learningSchema>;
