import { z } from 'zod';
import type { ArtifactHash, ExpertGroupId, Hotkey, RunId, StateHash, Uid } from '../brand.ts';
import { DECIMAL_PATTERN } from './decimal.ts';
import { isHotkey } from './ss58.ts';

// Atoms of the documents' schemas. They refine without transforming, so a schema also describes what is encoded, and
// the cast only adds the brand the refinement has earned.

const digest = z.string().regex(/^[0-9a-f]{64}$/, '64 lower-case hex digits');

export const artifactHashSchema = digest as unknown as z.ZodType<ArtifactHash, string>;
export const runIdSchema = digest as unknown as z.ZodType<RunId, string>;
export const stateHashSchema = digest as unknown as z.ZodType<StateHash, string>;

/** Names that are safe in file names, URLs, metrics labels and messages. */
export const nameSchema = z
  .string()
  .regex(
    /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/,
    'lower-case letters, digits and inner hyphens, at most 64',
  );
export const expertGroupIdSchema = nameSchema as unknown as z.ZodType<ExpertGroupId, string>;

export const hotkeySchema = z
  .string()
  .max(64)
  .refine(isHotkey, 'an ss58 address with prefix 42') as unknown as z.ZodType<Hotkey, string>;

/** Bittensor subnets have at most 256 slots, and notes carry bitmaps over them. */
export const MAX_UIDS = 256;
export const uidSchema = z
  .int()
  .min(0)
  .max(MAX_UIDS - 1) as unknown as z.ZodType<Uid, number>;

export const countSchema = z.int().min(0);
export const positiveSchema = z.int().min(1);
export const roundSchema = z.int().min(0).max(0xffff_ffff);
/** Losses, differences and scores in 10^-9 nats per token. */
export const nanoNatsSchema = z.int();
export const decimalSchema = z.string().regex(DECIMAL_PATTERN, 'a plain decimal string such as "0.95"');
export const signatureSchema = z.string().regex(/^[0-9a-f]{128}$/, '128 lower-case hex digits');
