import { z } from 'zod';
import { metricsOptions } from '../../command/metrics-flags.ts';
import { integerOption, pathOption, portOption, urlOption } from '../../command/options.ts';

export const serveStoreOptions = z.object({
  dir: pathOption,
  port: portOption,
  host: z.string().min(1),
  ledger: urlOption.optional(),
  maxArtifactMb: integerOption(1, 1_000_000),
  ...metricsOptions,
});
export type ServeStoreOptions = z.output<typeof serveStoreOptions>;
