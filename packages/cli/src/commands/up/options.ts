import { CODEC_KINDS } from '@connito/protocol';
import { z } from 'zod';
import { besideOptions, checkBesideOptions } from '../../command/beside-flags.ts';
import { integerOption, nameListOption, pathOption, portOption } from '../../command/options.ts';

/** What a network is made of unless its first start says otherwise. */
export const UP_DEFAULTS = {
  dir: '.connito',
  miners: 8,
  validators: 3,
  domains: ['code', 'law', 'math'],
  copycats: 1,
  overflowers: 1,
  dashboardPort: 8472,
} as const;

/** Neurons the embedded ledger has room for. */
const MAX_NEURONS = 256;

export const upOptions = z
  .object({
    dir: pathOption,
    model: pathOption.optional(),
    miners: integerOption(1, MAX_NEURONS).optional(),
    validators: integerOption(1, MAX_NEURONS).optional(),
    domains: nameListOption.optional(),
    copycats: integerOption(0, MAX_NEURONS).optional(),
    overflowers: integerOption(0, MAX_NEURONS).optional(),
    innerSteps: integerOption(1, 100_000).optional(),
    codec: z.enum(CODEC_KINDS, `must be one of ${CODEC_KINDS.join(', ')}`).optional(),
    rounds: integerOption(1, 1_000_000).optional(),
    port: portOption.optional(),
    dashboard: z.boolean(),
    dashboardPort: portOption.optional(),
    ...besideOptions,
    color: z.boolean(),
    json: z.boolean().optional(),
  })
  .superRefine(checkBesideOptions)
  .superRefine((options, context) => {
    const { miners, validators, copycats, overflowers } = { ...UP_DEFAULTS, ...withoutAbsent(options) };
    if (copycats + overflowers >= miners) {
      const message = `of ${miners} miners, ${copycats} copycats and ${overflowers} overflowers leave no honest one; more --miners, or fewer --copycats and --overflowers`;
      context.addIssue({ code: 'custom', path: ['miners'], message });
    }
    const { dashboard, market, statements, serving } = options;
    for (const [name, given] of Object.entries({ market, statements: statements[0], serving })) {
      if (dashboard || given === undefined) continue;
      const message = 'is shown by the dashboard, so it cannot be given together with --no-dashboard';
      context.addIssue({ code: 'custom', path: [name], message });
    }
    if (miners + validators > MAX_NEURONS) {
      const message = `${miners} miners and ${validators} validators are more than ${MAX_NEURONS} neurons`;
      context.addIssue({ code: 'custom', path: ['miners'], message });
    }
  });
export type UpOptions = z.output<typeof upOptions>;

/** The options that were given, so that defaults can be put below them. */
function withoutAbsent<T extends object>(options: T): { [Key in keyof T]: Exclude<T[Key], undefined> } {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as { [Key in keyof T]: Exclude<T[Key], undefined> };
}
