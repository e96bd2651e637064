import { writeDurably } from '@connito/node';
import { utf8 } from '@connito/protocol';
import type { NetworkLayout } from './layout.ts';
import type { Network } from './network-file.ts';
import type { ProcessRole } from './supervised-process.ts';

/** The process that runs `connito up`: it reads every round and measures its state. */
export const OBSERVER = 'observer';

/** Roles that serve metrics. */
export const METRICS_ROLES = ['ledger', 'store', 'validator', 'miner', OBSERVER] as const satisfies readonly (
  | ProcessRole
  | typeof OBSERVER
)[];

/** A process and where its metrics are served. */
export type MetricsTarget = {
  readonly name: string;
  readonly role: (typeof METRICS_ROLES)[number];
  readonly url: string;
};

/** Every process of a network, in the order they are started, the observer last. */
export function processNames({
  validators,
  miners,
}: Pick<Network, 'validators' | 'miners'>): readonly Omit<MetricsTarget, 'url'>[] {
  return [
    { name: 'ledger', role: 'ledger' },
    { name: 'store', role: 'store' },
    ...validators.map(({ name }) => ({ name, role: 'validator' as const })),
    ...miners.map(({ name }) => ({ name, role: 'miner' as const })),
    { name: OBSERVER, role: OBSERVER },
  ];
}

export function metricsTargets(network: Network, ports: ReadonlyMap<string, number>): MetricsTarget[] {
  return processNames(network).flatMap(({ name, role }) => {
    const port = ports.get(name);
    return port === undefined ? [] : [{ name, role, url: `http://127.0.0.1:${port}/metrics` }];
  });
}

/**
 * Writes the file that Prometheus's file-based discovery reads; a network that is stopped has no targets, so that nobody is
 * told that its nodes are down.
 */
export function writeTargets(
  layout: NetworkLayout,
  network: Pick<Network, 'name'>,
  targets: readonly MetricsTarget[],
): Promise<void> {
  const groups = targets.map(({ name, role, url }) => ({
    targets: [new URL(url).host],
    labels: { network: network.name, role, node: name },
  }));
  return writeDurably(layout.targetsFile, utf8(`${JSON.stringify(groups, null, 2)}\n`));
}
