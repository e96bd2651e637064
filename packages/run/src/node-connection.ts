import { readFile } from 'node:fs/promises';
import { HttpLedger } from '@connito/ledger';
import {
  createMetrics,
  type HotkeyLocation,
  HTTP_CLIENT_METRICS,
  HttpClient,
  type Keypair,
  loadHotkey,
  type MetricsRegistry,
  meteredFetch,
  RequestSigner,
  systemClock,
} from '@connito/node';
import { decodeRunDefinition, runIdOf } from '@connito/protocol';
import { HttpStore } from '@connito/store';
import type { RunContext } from './context.ts';
import { runError } from './errors.ts';
import { type Patience, patientStore } from './patient-store.ts';

/** Long enough for a store to be started again on a busy machine. */
const STORE_PATIENCE: Patience = { outageMs: 60_000, firstDelayMs: 100, maxDelayMs: 2_000 };

/** What a role is started with. */
export type RoleOptions = {
  /** The run definition's file. */
  readonly definitionPath: string;
  readonly modelFolder: string;
  readonly ledgerUrl: string;
  readonly storeUrl: string;
  readonly wallet: HotkeyLocation;
  /** The role's own durable state; nobody else reads it. */
  readonly stateFolder: string;
  /** Threads of the engine. */
  readonly threads: number;
  /** Where the role registers its metrics. Default: they are recorded for nobody. */
  readonly registry?: MetricsRegistry;
};

/** A role's connections: the run's context, signing with the role's hotkey. */
export type NodeConnection = { readonly context: RunContext; readonly keypair: Keypair };

/** Opens ledger and store for a role. Touches the network only when they are used. */
export async function connectNode(options: RoleOptions): Promise<NodeConnection> {
  const definition = decodeRunDefinition(await readDefinition(options.definitionPath));
  const keypair = await loadHotkey(options.wallet);
  const signer = new RequestSigner(keypair, systemClock);
  const storeUrl = new URL(options.storeUrl);
  const metrics = createMetrics(HTTP_CLIENT_METRICS, options.registry);
  const fetchOf = (peer: string) => meteredFetch(peer, metrics, systemClock);
  const ledger = new HttpLedger({ url: new URL(options.ledgerUrl) }, { keypair, fetch: fetchOf('ledger') });
  const client = new HttpClient({ signer, fetch: fetchOf('store') });
  const remote = new HttpStore({ sources: [storeUrl], upload: { url: storeUrl } }, { client });
  const store = patientStore(remote, STORE_PATIENCE, systemClock);
  return { context: { definition, run: runIdOf(definition), ledger, store }, keypair };
}

async function readDefinition(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw runError('run_unusable', `The run definition ${path} cannot be read.`, { path }, { cause });
  }
}
