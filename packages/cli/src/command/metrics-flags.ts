import { Option } from '@commander-js/extra-typings';
import { z } from 'zod';
import { portOption } from './options.ts';

/** Options of every long-running command: where its metrics can be read. */
export const metricsPortFlag = () =>
  new Option(
    '--metrics-port <port>',
    'serve Prometheus metrics on this port; 0 takes a free one (default: none)',
  );
export const metricsHostFlag = () =>
  new Option('--metrics-host <host>', 'address to serve metrics on').default('127.0.0.1' as string);

export const metricsOptions = {
  metricsPort: portOption.optional(),
  metricsHost: z.string().min(1),
} as const;
