import {
  createLog,
  createProcessMetrics,
  type Log,
  type LogLevel,
  MetricsRegistry,
  serveMetrics,
} from '@connito/node';
import type { RoleOptions } from '@connito/run';
import { z } from 'zod';
import packageJson from '../../package.json' with { type: 'json' };
import { type CommandContext, stopSignal } from './context.ts';
import { metricsOptions } from './metrics-flags.ts';
import { integerOption, pathOption, urlOption } from './options.ts';

const keyName = z
  .string()
  .regex(/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$/, 'must be letters, digits, "-", "_" and "."');

/** Options every role that trains or validates has. */
export const roleOptionsSchema = z.object({
  name: keyName,
  run: pathOption,
  model: pathOption,
  ledger: urlOption,
  store: urlOption,
  walletsPath: pathOption,
  wallet: keyName,
  hotkey: keyName,
  dir: pathOption,
  threads: integerOption(1, 256),
  ...metricsOptions,
});

/** Those options as the roles' packages take them. */
export function roleOptionsOf(options: z.output<typeof roleOptionsSchema>): RoleOptions {
  return {
    definitionPath: options.run,
    modelFolder: options.model,
    ledgerUrl: options.ledger.href,
    storeUrl: options.store.href,
    wallet: { walletsPath: options.walletsPath, wallet: options.wallet, hotkey: options.hotkey },
    stateFolder: options.dir,
    threads: options.threads,
  };
}

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const satisfies readonly LogLevel[];

/** What a role's process says of itself, and where. */
export type RoleProcess = {
  readonly role: string;
  readonly name: string;
  /** The role's own directory, if it has one. */
  readonly dir?: string;
  readonly metricsPort?: number | undefined;
  readonly metricsHost?: string;
};

/**
 * Runs a role until it is asked to stop, and serves its metrics meanwhile. Its log goes to standard output as JSON lines; a
 * failure is logged there too, so that whoever keeps the log knows why the process ended.
 */
export async function runRole(
  context: CommandContext,
  { role, name, dir = context.cwd, metricsPort, metricsHost = '127.0.0.1' }: RoleProcess,
  run: (log: Log, signal: AbortSignal, registry: MetricsRegistry) => Promise<void>,
): Promise<void> {
  const log = createLog({ level: logLevelOf(context), fields: { role, name } });
  const signal = stopSignal(context);
  const registry = new MetricsRegistry();
  createProcessMetrics({ version: packageJson.version, directory: dir }, registry);
  try {
    await using _metrics =
      metricsPort === undefined
        ? null
        : await serveMetrics({ host: metricsHost, port: metricsPort }, { registry, log });
    await run(log, signal, registry);
    log.info('Stopped', { cause: signal.reason instanceof Error ? signal.reason.message : null });
  } catch (error) {
    if (signal.aborted && error === signal.reason) return;
    log.error('Failed', { error });
    throw error;
  }
}

/** `CONNITO_LOG` sets how much the roles log. */
function logLevelOf({ env }: CommandContext): LogLevel {
  return LOG_LEVELS.find((level) => level === env.CONNITO_LOG) ?? 'info';
}

/** Resolves when the signal fires. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
