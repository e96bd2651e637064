import { z } from 'zod';
import { metricsOptions } from '../../command/metrics-flags.ts';
import { integerOption, pathOption, portOption } from '../../command/options.ts';

export const serveLedgerOptions = z
  .object({
    dir: pathOption,
    genesis: pathOption,
    port: portOption,
    host: z.string().min(1),
    minBlockMs: integerOption(0, 3_600_000),
    maxBlockMs: integerOption(1, 3_600_000),
    expectedNeurons: integerOption(1, 256),
    ...metricsOptions,
  })
  .refine(({ minBlockMs, maxBlockMs }) => minBlockMs <= maxBlockMs, {
    path: ['minBlockMs'],
    message: 'must not be greater than --max-block-ms',
  });
export type ServeLedgerOptions = z.output<typeof serveLedgerOptions>;
