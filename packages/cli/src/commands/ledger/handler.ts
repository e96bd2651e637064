import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { BlockProducer, createLedgerMetrics, EmbeddedLedger, serveLedger as listen } from '@connito/ledger';
import { createMetrics, fileError, HTTP_SERVER_METRICS, meteredRoutes, systemClock } from '@connito/node';
import type { CommandContext } from '../../command/context.ts';
import { runRole, untilAborted } from '../../command/role.ts';
import { LEDGER_FILE } from '../../network/layout.ts';
import { readGenesis } from '../../network/network-ledger.ts';
import type { ServeLedgerOptions } from './options.ts';

/** Serves a ledger until it is asked to stop. */
export async function serveLedger(options: ServeLedgerOptions, context: CommandContext): Promise<void> {
  await runRole(context, { role: 'ledger', name: 'ledger', ...options }, async (log, signal, registry) => {
    const genesis = await readGenesis(options.genesis);
    await mkdir(options.dir, { recursive: true }).catch((error: unknown) => {
      throw fileError(error, options.dir);
    });
    using ledger = EmbeddedLedger.open({ path: join(options.dir, LEDGER_FILE), genesis });
    const { minBlockMs, maxBlockMs, expectedNeurons } = options;
    const metrics = createLedgerMetrics(ledger, registry);
    const middleware = meteredRoutes(createMetrics(HTTP_SERVER_METRICS, registry), systemClock);
    const producer = new BlockProducer({ minBlockMs, maxBlockMs, expectedNeurons }, { ledger, log, metrics });
    const { host, port } = options;
    await using server = await listen({ host, port }, { ledger, log, middleware });
    await producer.start();
    log.info('Listening', { url: server.url.href, head: ledger.head.number });
    await untilAborted(signal);
    await producer.stop();
  });
}
