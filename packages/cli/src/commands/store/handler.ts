import {
  createMetrics,
  HTTP_SERVER_METRICS,
  type Log,
  meteredRoutes,
  serve,
  systemClock,
} from '@connito/node';
import { createStoreApp, createStoreMetrics, DirectoryStore } from '@connito/store';
import type { CommandContext } from '../../command/context.ts';
import { runRole, untilAborted } from '../../command/role.ts';
import { observerLedger } from '../../network/observer-ledger.ts';
import type { ServeStoreOptions } from './options.ts';

const BYTES_PER_MB = 1_000_000;

/** Serves a directory store until it is asked to stop. */
export async function serveStore(options: ServeStoreOptions, context: CommandContext): Promise<void> {
  await runRole(context, { role: 'store', name: 'store', ...options }, async (log, signal, registry) => {
    const store = await DirectoryStore.open(options.dir);
    const registered = new Set<string>();
    const app = createStoreApp(
      { maxArtifactBytes: options.maxArtifactMb * BYTES_PER_MB },
      {
        store,
        log,
        metrics: createStoreMetrics(store, systemClock, registry),
        middleware: meteredRoutes(createMetrics(HTTP_SERVER_METRICS, registry), systemClock),
        mayPut: (hotkey) => options.ledger === undefined || registered.has(hotkey),
      },
    );
    const { host, port } = options;
    await using server = await serve({ fetch: app.fetch, host, port });
    log.info('Listening', { url: server.url.href });
    if (options.ledger !== undefined) await followRegistrations(options.ledger, registered, log, signal);
    await untilAborted(signal);
  });
}

/** Keeps the set of hotkeys that may upload equal to the ledger's neurons. Ends when the signal aborts. */
async function followRegistrations(
  url: URL,
  registered: Set<string>,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  const ledger = observerLedger(url);
  let next = 0;
  while (!signal.aborted) {
    try {
      const head = await ledger.waitForBlock(next, signal);
      // Nobody is ever replaced, so hotkeys are only added.
      for (const { hotkey } of await ledger.neurons(head.number, signal)) registered.add(hotkey);
      next = head.number + 1;
    } catch (error) {
      // An outage of the ledger is no reason to stop serving what is here.
      if (!signal.aborted) log.warn('The ledger cannot be read', { error });
    }
  }
}
