import { fileURLToPath } from 'node:url';
import type { NetworkLayout } from './layout.ts';
import type { Network, NetworkMiner } from './network-file.ts';
import { NODE_COMMAND } from './node-process.ts';
import type { ProcessSpec } from './supervised-process.ts';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));

export type Addresses = {
  readonly ledgerPort: number;
  readonly storePort: number;
  /** By process name, `OBSERVER` included. */
  readonly metricsPorts: ReadonlyMap<string, number>;
};

export function ledgerUrl({ ledgerPort }: Addresses): string {
  return `http://127.0.0.1:${ledgerPort}`;
}

export function storeUrl({ storePort }: Addresses): string {
  return `http://127.0.0.1:${storePort}`;
}

/** The command lines of a network's processes. */
export class NodeCommands {
  readonly #layout: NetworkLayout;
  readonly #network: Network;
  readonly #addresses: Addresses;
  readonly #threads: number;

  constructor(layout: NetworkLayout, network: Network, addresses: Addresses, threads: number) {
    this.#layout = layout;
    this.#network = network;
    this.#addresses = addresses;
    this.#threads = threads;
  }

  ledger(): ProcessSpec {
    const { ledger, genesisFile } = this.#layout;
    const port = `${this.#addresses.ledgerPort}`;
    return this.#spec('ledger', 'ledger', [
      'serve',
      '--dir',
      ledger,
      '--genesis',
      genesisFile,
      '--port',
      port,
    ]);
  }

  store(): ProcessSpec {
    const { artifacts } = this.#layout;
    const port = `${this.#addresses.storePort}`;
    const ledger = ledgerUrl(this.#addresses);
    return this.#spec('store', 'store', ['serve', '--dir', artifacts, '--port', port, '--ledger', ledger]);
  }

  validator(name: string): ProcessSpec {
    return this.#spec(name, 'validator', this.#roleArguments(name));
  }

  miner({ name, behaviour }: NetworkMiner): ProcessSpec {
    return this.#spec(name, 'miner', [...this.#roleArguments(name), '--behaviour', behaviour]);
  }

  #roleArguments(name: string): readonly string[] {
    const { walletsPath, wallet, hotkey } = this.#layout.walletOf(name);
    return [
      'start',
      ...['--name', name, '--run', this.#layout.definitionFile, '--model', this.#network.model],
      ...['--ledger', ledgerUrl(this.#addresses), '--store', storeUrl(this.#addresses)],
      ...['--dir', this.#layout.stateOf(name), '--threads', `${this.#threads}`],
      ...['--wallets-path', walletsPath, '--wallet', wallet, '--hotkey', hotkey],
    ];
  }

  #spec(name: string, role: ProcessSpec['role'], args: readonly string[]): ProcessSpec {
    const port = this.#addresses.metricsPorts.get(name);
    const metrics = port === undefined ? [] : ['--metrics-port', `${port}`];
    const command = [...NODE_COMMAND, MAIN, role, ...args, ...metrics] as const;
    return { name, role, command, logFile: this.#layout.logOf(name) };
  }
}
