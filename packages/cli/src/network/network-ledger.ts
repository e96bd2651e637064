import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EmbeddedLedger, type GenesisInput, type Ledger, type LedgerExtract } from '@connito/ledger';
import { fileError, keypairFromMiniSecret } from '@connito/node';
import { LEDGER_FILE, type NetworkLayout } from './layout.ts';
import { lockHolder } from './lock.ts';
import { observerLedger } from './observer-ledger.ts';
import { readProcesses } from './processes-file.ts';

/** A network's ledger for reading, wherever it is now. */
export type NetworkLedger = Disposable & {
  readonly ledger: Ledger;
  /** The process that runs the network, or null where it is stopped and its file is read directly. */
  readonly runningPid: number | null;
  /** All blocks up to a sealed one, with what their hashes cover. */
  extract(toBlock: number, signal?: AbortSignal): Promise<LedgerExtract>;
};

/** A look at the ledger may not take longer than this when its process does not answer. */
const OUTAGE_MS = 2_000;

/** Opens the ledger of a network: over HTTP while it runs, else its file. Fails with the ledger's own errors. */
export async function openNetworkLedger(layout: NetworkLayout): Promise<NetworkLedger> {
  const holder = await lockHolder(layout.lockFile);
  const processes = await readProcesses(layout);
  if (holder !== null && processes !== null) {
    const ledger = observerLedger(new URL(processes.ledgerUrl), OUTAGE_MS);
    return {
      ledger,
      runningPid: holder.pid,
      extract: (toBlock, signal) => ledger.extract(toBlock, signal),
      [Symbol.dispose]: () => undefined,
    };
  }
  const genesis = await readGenesis(layout.genesisFile);
  const embedded = EmbeddedLedger.open({ path: join(layout.ledger, LEDGER_FILE), genesis });
  // Reading is the same for everybody; this view is nobody's.
  const nobody = keypairFromMiniSecret(new Uint8Array(32));
  return {
    ledger: embedded.as(nobody),
    runningPid: null,
    extract: async (toBlock) => embedded.extract(toBlock),
    [Symbol.dispose]: () => embedded.close(),
  };
}

/**
 * A ledger to watch for long: over HTTP while the network runs, else a copy of its file in `scratch`, so that the network can
 * be started meanwhile.
 */
export async function openLedgerToWatch(
  layout: NetworkLayout,
  scratch: string,
): Promise<{ readonly ledger: Ledger; readonly runningPid: number | null }> {
  const holder = await lockHolder(layout.lockFile);
  const processes = await readProcesses(layout);
  if (holder !== null && processes !== null) {
    return { ledger: observerLedger(new URL(processes.ledgerUrl)), runningPid: holder.pid };
  }
  const genesis = await readGenesis(layout.genesisFile);
  const path = join(scratch, LEDGER_FILE);
  await copyFile(join(layout.ledger, LEDGER_FILE), path).catch((error: unknown) => {
    throw fileError(error, layout.ledger);
  });
  // What was not yet moved into the file itself.
  await copyFile(join(layout.ledger, `${LEDGER_FILE}-wal`), `${path}-wal`).catch(() => undefined);
  const nobody = keypairFromMiniSecret(new Uint8Array(32));
  return { ledger: EmbeddedLedger.open({ path, genesis }).as(nobody), runningPid: null };
}

/** A genesis file's content; the ledger checks it against its own schema. */
export async function readGenesis(path: string): Promise<GenesisInput> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as GenesisInput;
  } catch (error) {
    throw fileError(error, path);
  }
}
