import { join } from 'node:path';
import { EmbeddedLedger, HttpLedger, type Ledger, type PaymentLedger } from '@connito/ledger';
import type { Keypair } from '@connito/node';
import { cliError } from '../../errors.ts';
import { LEDGER_FILE } from '../../network/layout.ts';
import { lockHolder } from '../../network/lock.ts';
import { readNetwork } from '../../network/network-file.ts';
import { readGenesis } from '../../network/network-ledger.ts';
import { readProcesses } from '../../network/processes-file.ts';

/** A ledger of payments for one hotkey. */
export type OpenedPayments = Disposable & { readonly ledger: Ledger & PaymentLedger };

/** Opens the ledger at a URL, or a network's: over HTTP while it runs, else its file. */
export async function openPayments(
  options: { readonly dir?: string | undefined; readonly ledger?: URL | undefined },
  keypair: Keypair,
): Promise<OpenedPayments> {
  if (options.ledger !== undefined) return served(options.ledger, keypair);
  if (options.dir === undefined) {
    throw cliError('invalid_option', '--ledger: name a ledger, or a network with --dir');
  }
  const { layout } = await readNetwork(options.dir);
  const processes = await readProcesses(layout);
  if ((await lockHolder(layout.lockFile)) !== null && processes !== null) {
    return served(new URL(processes.ledgerUrl), keypair);
  }
  const genesis = await readGenesis(layout.genesisFile);
  const embedded = EmbeddedLedger.open({ path: join(layout.ledger, LEDGER_FILE), genesis });
  return { ledger: embedded.as(keypair), [Symbol.dispose]: () => embedded.close() };
}

function served(url: URL, keypair: Keypair): OpenedPayments {
  const ledger = new HttpLedger({ url, outageMs: 5_000 }, { keypair });
  return { ledger, [Symbol.dispose]: () => undefined };
}
