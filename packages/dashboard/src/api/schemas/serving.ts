import { z } from 'zod';
import { count, ms, text } from './parts.ts';

const latencySchema = z.object({
  count,
  meanSeconds: z.number().nullable(),
  medianAtMostSeconds: z
    .number()
    .nullable()
    .describe("Bound of the histogram's bucket that the median is in."),
  p99AtMostSeconds: z
    .number()
    .nullable()
    .describe('The same of the 99th percentile; null beyond the last bound.'),
});

const servingFactsSchema = z.object({
  url: text.nullable(),
  windowSeconds: z.number().nullable().describe('Time that `tokensPerSecond` is over.'),
  models: z.array(
    z.object({
      id: text,
      createdSeconds: count,
      engine: text,
      version: count.describe('Counts up with every swap.'),
      context: count.describe('Tokens.'),
      routing: z.boolean().describe('Whether the engine shows and restricts which experts answer.'),
      packages: z.array(text).describe('What the composition is made of.'),
      running: count,
      waiting: count,
      cacheBytes: z.number(),
      promptTokens: z.number(),
      completionTokens: z.number(),
      packageTokens: z.array(z.object({ package: text, tokens: z.number() })),
      cancelled: z.number(),
      swaps: z.number(),
      firstToken: latencySchema,
      answer: latencySchema,
      tokensPerSecond: z.number().nullable().describe('Tokens written, over the last scrapes.'),
    }),
  ),
  requests: z.array(z.object({ route: text, status: text, count: z.number() })),
});

export type ServingFacts = z.infer<typeof servingFactsSchema>;

export const servingSchema = servingFactsSchema.extend({
  configured: z.boolean(),
  readAtMs: ms.nullable(),
});

export type ServingAnswer = z.infer<typeof servingSchema>;
