import { join } from 'node:path';
import type { HotkeyLocation } from '@connito/node';

/** The embedded ledger's file in its directory. */
export const LEDGER_FILE = 'ledger.db';

/** Where everything of a local network is below its directory. */
export type NetworkLayout = {
  readonly directory: string;
  /** Names, roles and options: what a second start goes on with. Written last, so where it is, the rest is whole. */
  readonly networkFile: string;
  /** The run definition, canonical. */
  readonly definitionFile: string;
  readonly genesisFile: string;
  readonly ledger: string;
  readonly artifacts: string;
  readonly wallets: string;
  readonly logs: string;
  /** Held while a process runs the network. */
  readonly lockFile: string;
  /** Addresses and process ids of the network that runs now, or ran last. */
  readonly processesFile: string;
  /** Where Prometheus finds the metrics of the network that runs now. */
  readonly targetsFile: string;
  /** One line for each finished round, with its reporting losses. */
  readonly roundsFile: string;
  /** Rounds the dashboard has read; made anew where it is missing. */
  readonly dashboardFile: string;
  stateOf(name: string): string;
  logOf(name: string): string;
  walletOf(name: string): HotkeyLocation;
};

export function layoutOf(directory: string): NetworkLayout {
  const within = (...names: string[]) => join(directory, ...names);
  return {
    directory,
    networkFile: within('network.json'),
    definitionFile: within('run.json'),
    genesisFile: within('genesis.json'),
    ledger: within('ledger'),
    artifacts: within('artifacts'),
    wallets: within('wallets'),
    logs: within('logs'),
    lockFile: within('lock'),
    processesFile: within('processes.json'),
    targetsFile: within('prometheus-targets.json'),
    roundsFile: within('rounds.jsonl'),
    dashboardFile: within('dashboard.db'),
    stateOf: (name) => within('nodes', name),
    logOf: (name) => within('logs', `${name}.log`),
    walletOf: (name) => ({ walletsPath: within('wallets'), wallet: name, hotkey: 'default' }),
  };
}
