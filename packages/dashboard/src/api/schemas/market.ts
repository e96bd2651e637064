import { z } from 'zod';
import { count, hash, ms, namedSchema, text } from './parts.ts';

const gainSchema = z
  .object({ domain: text, meanNanoNats: z.int(), lowerNanoNats: z.int(), upperNanoNats: z.int() })
  .nullable();

/** Of the market's index; every field but the status follows from a package's signed manifest. */
const packageFactsSchema = z.object({
  id: hash.describe('Hash of the manifest: what receipts, notices and statements name.'),
  name: text,
  version: text,
  description: text,
  status: z
    .enum(['active', 'deprecated', 'rolled-back', 'revoked'])
    .describe("By its publisher's latest signed notice."),
  notice: z.object({ kind: text, reason: text, replacement: text.nullable(), sequence: count }).nullable(),
  domain: text,
  base: hash.describe('Hash of the base model it is made for.'),
  architecture: text,
  experts: count,
  parameters: count,
  sizeBytes: count,
  licence: text,
  pricePerMillionTokens: count.describe("In the ledger's smallest unit."),
  gain: gainSchema.describe('Fall of the loss on its own domain, with the 95 % interval.'),
  worstGeneral: gainSchema.describe('On the general text it costs most: negative is forgotten.'),
  run: hash,
  mergedRounds: count,
  miners: count,
  publisher: text.describe('Hotkey.'),
  signers: z.array(text),
  channels: z.array(text),
});

const statementFactsSchema = z.object({
  file: text,
  hash: hash.describe('Reference of its payment on the ledger.'),
  server: text.describe('Hotkey of who owes.'),
  number: count,
  previous: hash.nullable(),
  receipts: z.object({ first: count, end: count, head: hash }),
  tokens: count,
  baseTokens: count,
  total: count.describe("In the ledger's smallest unit."),
  carriedMillionths: count,
  packages: z.array(
    z.object({
      id: hash,
      name: text,
      version: text,
      tokens: count,
      pricePerMillionTokens: count,
      amount: count,
    }),
  ),
  payees: z.array(z.object({ hotkey: text, amount: count })),
  payment: z
    .discriminatedUnion('kind', [
      z.object({ kind: z.literal('paid'), block: count }),
      z.object({ kind: z.literal('unpaid'), upToBlock: count }),
      z.object({ kind: z.literal('nothing') }),
      z.object({ kind: z.literal('unknown') }),
    ])
    .describe(
      'Whether the ledger holds its payment in full. Nothing: it comes to less than a unit, which is carried. Unknown: the ledger holds no money.',
    ),
});

/** What whoever serves the dashboard reads of a market. */
export type MarketFacts = {
  readonly index: string | null;
  readonly packages: readonly z.infer<typeof packageFactsSchema>[];
  readonly statements: readonly z.infer<typeof statementFactsSchema>[];
};

export const marketSchema = z.object({
  configured: z.boolean(),
  readAtMs: ms.nullable(),
  index: text.nullable().describe('Where the index was read.'),
  packages: z.array(
    packageFactsSchema.extend({
      publisher: namedSchema,
      signers: z.array(namedSchema),
      ofThisRun: z.boolean().describe('Whether it was trained in the run this dashboard shows.'),
    }),
  ),
  statements: z.array(
    statementFactsSchema.extend({
      server: namedSchema,
      payees: z.array(namedSchema.extend({ amount: count })),
    }),
  ),
});

export type MarketAnswer = z.infer<typeof marketSchema>;
