import { fileURLToPath } from 'node:url';
import { ApiKeys, LlamaCppEngine, noReceipts, type OpenEngine, startGateway } from '@connito/gateway';
import { ReceiptLog } from '@connito/market';
import { loadHotkey, systemClock } from '@connito/node';
import type { CommandContext } from '../../command/context.ts';
import { runRole, untilAborted } from '../../command/role.ts';
import { cliError } from '../../errors.ts';
import { requireModelFiles, SHIPPED_MODEL } from '../../network/base-model.ts';
import type { ServeOptions } from './options.ts';

/** Requests granted at once after a pause, in seconds of the limit. */
const BURST_SECONDS = 4;

/** Where the repository keeps node-llama-cpp, which the workspace does not depend on. */
const LLAMA_CPP = fileURLToPath(new URL('../../../../../tools/llama-cpp', import.meta.url));

/** Serves models until it is asked to stop. */
export async function serveModels(options: ServeOptions, context: CommandContext): Promise<void> {
  const { host, port, threads, maxRunning, maxWaiting, requestsPerSecond } = options;
  if (requestsPerSecond !== undefined && options.apiKeys === undefined) {
    throw cliError('invalid_option', '--requests-per-second: limits each key, so it needs --api-keys', {
      options: 1,
    });
  }
  await runRole(context, { role: 'gateway', name: 'gateway' }, async (log, signal) => {
    const models = options.model ?? [{ id: 'foundation', folder: SHIPPED_MODEL }];
    for (const { folder } of models) await requireModelFiles(folder);
    const keys = options.apiKeys === undefined ? null : await ApiKeys.load(options.apiKeys);
    await using receipts =
      options.receipts === undefined ? null : await openReceipts(options, options.receipts);
    await using gateway = await startGateway(
      {
        models: new Map(models.map(({ id, folder }) => [id, { folder, overlays: [] }])),
        host,
        port,
        keys,
        rateLimit:
          requestsPerSecond === undefined
            ? null
            : { burst: Math.max(1, requestsPerSecond * BURST_SECONDS), perSecond: requestsPerSecond },
        threads,
        maxRunning,
        maxChoices: maxRunning + maxWaiting,
      },
      { clock: systemClock, log, receipts: receipts ?? noReceipts, ...engineOf(options) },
    );
    const url = gateway.url.href;
    const ids = models.map(({ id }) => id);
    log.info('Listening', { url, models: ids });
    context.stderr.write(`OpenAI API: ${url}v1 (models: ${ids.join(', ')})\nPlayground: ${url}playground/\n`);
    await untilAborted(signal);
  });
}

/** Our own engine is the server's default. */
function engineOf({ engine, llamaCpp, threads, maxRunning }: ServeOptions): {
  readonly openEngine?: OpenEngine;
} {
  if (engine === 'connito') return {};
  const moduleFolder = llamaCpp ?? LLAMA_CPP;
  return { openEngine: (source) => LlamaCppEngine.openFolder(source, { moduleFolder, threads, maxRunning }) };
}

async function openReceipts(
  { walletsPath, wallet, hotkey }: ServeOptions,
  file: string,
): Promise<ReceiptLog> {
  return ReceiptLog.open(file, await loadHotkey({ walletsPath, wallet, hotkey }));
}
