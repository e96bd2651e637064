import { z } from 'zod';
import { besideOptions, checkBesideOptions } from '../../command/beside-flags.ts';
import { integerOption, pathOption, portOption, urlOption } from '../../command/options.ts';

export const dashboardOptions = z
  .object({
    dir: pathOption.optional(),
    ledger: urlOption.optional(),
    store: urlOption.optional(),
    run: pathOption.optional(),
    model: pathOption.optional(),
    archive: pathOption.optional(),
    ...besideOptions,
    port: portOption,
    host: z.string().min(1),
    threads: integerOption(1, 256),
    measure: z.boolean(),
    json: z.boolean().optional(),
  })
  .superRefine(checkBesideOptions)
  .superRefine(({ dir, ledger, store, run }, context) => {
    const remote = [ledger, store, run].filter((value) => value !== undefined).length;
    const fault = (path: string, message: string): void => {
      context.addIssue({ code: 'custom', path: [path], message });
    };
    if (remote > 0 && remote < 3) fault('ledger', 'needs --store and --run too');
    if (remote > 0 && dir !== undefined) fault('dir', 'cannot be given together with --ledger');
  });
export type DashboardCommandOptions = z.output<typeof dashboardOptions>;
