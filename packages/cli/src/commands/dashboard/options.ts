import { z } from 'zod';
import { integerOption, pathOption, portOption, urlOption } from '../../command/options.ts';

export const dashboardOptions = z
  .object({
    dir: pathOption.optional(),
    ledger: urlOption.optional(),
    store: urlOption.optional(),
    run: pathOption.optional(),
    model: pathOption.optional(),
    archive: pathOption.optional(),
    market: pathOption.optional(),
    statements: z.array(pathOption).max(256).default([]),
    serving: urlOption.optional(),
    servingKey: pathOption.optional(),
    port: portOption,
    host: z.string().min(1),
    threads: integerOption(1, 256),
    measure: z.boolean(),
    json: z.boolean().optional(),
  })
  .superRefine(({ dir, ledger, store, run, serving, servingKey }, context) => {
    const remote = [ledger, store, run].filter((value) => value !== undefined).length;
    const fault = (path: string, message: string): void => {
      context.addIssue({ code: 'custom', path: [path], message });
    };
    if (remote > 0 && remote < 3) fault('ledger', 'needs --store and --run too');
    if (servingKey !== undefined && serving === undefined) fault('servingKey', 'needs --serving too');
    if (remote > 0 && dir !== undefined) fault('dir', 'cannot be given together with --ledger');
  });
export type DashboardCommandOptions = z.output<typeof dashboardOptions>;
