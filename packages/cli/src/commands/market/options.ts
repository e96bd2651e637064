import { z } from 'zod';
import { pathOption, urlOption } from '../../command/options.ts';
import { ruleFields, specOption, walletFields } from '../package/options.ts';

const json = z.boolean().optional();

export const indexOptions = z.object({
  ...ruleFields,
  channels: z.array(z.string().min(1).max(512)).min(1),
  out: pathOption,
  json,
});
export type IndexOptions = z.output<typeof indexOptions>;

export const compareOptions = z.object({
  specs: z.array(specOption).min(1),
  index: pathOption,
  trust: ruleFields.trust,
  json,
});
export type CompareOptions = z.output<typeof compareOptions>;

export const noticeOptions = z.object({
  ...walletFields,
  spec: specOption,
  index: pathOption,
  reason: z.string().min(1).max(512),
  replacement: z.string().max(64).optional(),
  json,
});
export type NoticeOptions = z.output<typeof noticeOptions>;

export const statementOptions = z.object({
  ...walletFields,
  receipts: pathOption,
  packages: pathOption,
  previous: pathOption.optional(),
  out: pathOption,
  json,
});
export type StatementOptions = z.output<typeof statementOptions>;

export const checkOptions = z.object({
  statement: pathOption,
  receipts: pathOption,
  packages: pathOption,
  previous: pathOption.optional(),
  dir: pathOption.optional(),
  ledger: urlOption.optional(),
  json,
});
export type CheckOptions = z.output<typeof checkOptions>;

export const settleOptions = z.object({
  ...walletFields,
  statement: pathOption,
  dir: pathOption.optional(),
  ledger: urlOption.optional(),
  json,
});
export type SettleOptions = z.output<typeof settleOptions>;
