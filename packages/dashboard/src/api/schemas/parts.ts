import { z } from 'zod';

export const count = z.int().nonnegative();

export const hash = z.string().regex(/^[0-9a-f]{64}$/);

export const ms = z.number().describe('Unix milliseconds.');

export const personSchema = z.object({
  uid: count,
  hotkey: z.string(),
  name: z
    .string()
    .nullable()
    .describe('Name in the local network’s own file; null elsewhere. Not from the ledger.'),
});

export const text = z.string();

export const namedSchema = z.object({ hotkey: text, name: text.nullable() });
