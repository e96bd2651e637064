import { z } from 'zod';
import { healthSchema } from './health.ts';
import { count, ms } from './parts.ts';

/** What the event stream sends, by event name. */
export const eventSchemas = {
  hello: z.object({ health: healthSchema }),
  block: z.object({ block: count, round: count.nullable() }),
  round: z.object({ round: count }),
  measured: z.object({ round: count }),
  market: z.object({ atMs: ms }),
  serving: z.object({ atMs: ms }),
  health: healthSchema,
} as const;

export type EventName = keyof typeof eventSchemas;

export type DashboardEvent = {
  readonly [Name in EventName]: { readonly name: Name; readonly data: z.infer<(typeof eventSchemas)[Name]> };
}[EventName];
