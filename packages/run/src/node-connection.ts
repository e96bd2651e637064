import { readFile } from 'node:fs/promises';
import { HttpLedger } from '@connito/ledger';
import { type HotkeyLocation, type Keypair, loadHotkey, RequestSigner, systemClock } from '@connito/node';
import { decodeRunDefinition, runIdOf } from '@connito/protocol';
import { HttpStore } from '@connito/store';
import type { RunContext } from './context.ts';
import { runError } from './errors.ts';

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
};

/** A role's connections: the run's context, signing with the role's hotkey. */
export type NodeConnection = { readonly context: RunContext; readonly keypair: Keypair };

/** Opens ledger and store for a role. Touches the network only when they are used. */
export async function connectNode(options: RoleOptions): Promise<NodeConnection> {
  const definition = decodeRunDefinition(await readDefinition(options.definitionPath));
  const keypair = await loadHotkey(options.wallet);
  const signer = new RequestSigner(keypair, systemClock);
  const storeUrl = new URL(options.storeUrl);
  const ledger = new HttpLedger({ url: new URL(options.ledgerUrl) }, { keypair });
  const store = new HttpStore({ sources: [storeUrl], upload: { url: storeUrl } }, { signer });
  return { context: { definition, run: runIdOf(definition), ledger, store }, keypair };
}

async function readDefinition(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw runError('run_unusable', `The run definition ${path} cannot be read.`, { path }, { cause });
  }
}
