import { DEFAULT_ALLOWED_LICENCES, parsePackageSpec } from '@connito/market';
import { ConnitoError, type Hotkey, isHotkey } from '@connito/protocol';
import { z } from 'zod';
import { integerOption, pathOption } from '../../command/options.ts';

const keyName = z
  .string()
  .regex(/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/, 'must be letters, digits, "-", "_" and "."');

/** Options of every command that signs. */
export const walletFields = { walletsPath: pathOption, wallet: keyName, hotkey: keyName } as const;

const hotkey = z
  .string()
  .refine(isHotkey, 'must be an ss58 address')
  .transform((text) => text as Hotkey);

/** Options of every command that verifies. */
export const ruleFields = {
  allowLicence: z
    .array(z.string().min(1).max(64))
    .transform((given) => (given.length === 0 ? DEFAULT_ALLOWED_LICENCES : given)),
  trust: z.array(hotkey).transform((given) => (given.length === 0 ? null : new Set(given))),
  base: pathOption.optional(),
  maxMb: integerOption(1, 1_000_000).transform((megabytes) => megabytes * 1_000_000),
} as const;

const json = z.boolean().optional();
const packages = pathOption;
/** `dir:`, `npm:` and so on; the channel itself says what is wrong with it. */
const channel = z.string().min(1).max(512);
/** `math@1` and the like. */
export const specOption = z.string().transform((text, context) => {
  try {
    return parsePackageSpec(text);
  } catch (error) {
    if (!(error instanceof ConnitoError)) throw error;
    context.addIssue({ code: 'custom', message: error.message });
    return z.NEVER;
  }
});

export const buildOptions = z.object({
  ...walletFields,
  dir: pathOption,
  group: z.string().min(1),
  out: pathOption.optional(),
  round: integerOption(0, 4_294_967_295).optional(),
  name: z.string().optional(),
  release: z.string(),
  description: z.string().min(1).max(512).optional(),
  licence: z.string().min(1).max(256).optional(),
  price: integerOption(0, 1_000_000_000_000),
  sequences: integerOption(2, 65_536),
  maxGeneralRise: z
    .string()
    .regex(/^\d*\.?\d+$/, 'must be a percentage')
    .transform((text) => Number(text) / 100),
  router: pathOption.optional(),
  model: pathOption.optional(),
  threads: integerOption(1, 256),
  json,
});
export type BuildOptions = z.output<typeof buildOptions>;

export const signOptions = z.object({ ...walletFields, source: pathOption, json });
export type SignOptions = z.output<typeof signOptions>;

export const verifyOptions = z.object({
  ...ruleFields,
  packages,
  source: z.string().min(1),
  dir: pathOption.optional(),
  json,
});
export type VerifyOptions = z.output<typeof verifyOptions>;

export const inspectOptions = verifyOptions.omit({ dir: true });
export type InspectOptions = z.output<typeof inspectOptions>;

export const diffOptions = inspectOptions.extend({ other: z.string().min(1) });
export type DiffOptions = z.output<typeof diffOptions>;

export const publishOptions = z.object({ ...ruleFields, source: pathOption, to: channel, json });
export type PublishOptions = z.output<typeof publishOptions>;

export const installOptions = z.object({
  ...ruleFields,
  packages,
  specs: z.array(specOption),
  from: channel.optional(),
  index: pathOption.optional(),
  json,
});
export type InstallOptions = z.output<typeof installOptions>;

export const searchOptions = z.object({
  words: z.array(z.string()),
  from: z.array(channel),
  index: pathOption.optional(),
  domain: z.string().optional(),
  base: pathOption.optional(),
  licence: z.array(z.string()),
  maxPrice: integerOption(0, 1_000_000_000_000).optional(),
  all: z.boolean().optional(),
  json,
});
export type SearchOptions = z.output<typeof searchOptions>;

export const listOptions = z.object({ ...ruleFields, packages, json });
export type ListOptions = z.output<typeof listOptions>;

export const removeOptions = z.object({ packages, spec: specOption, json });
export type RemoveOptions = z.output<typeof removeOptions>;
