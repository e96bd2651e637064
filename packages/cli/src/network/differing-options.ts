import { cliError } from '../errors.ts';
import type { Network } from './network-file.ts';

/** Options of a start that say what the network is, as far as they were given. */
export type NetworkOptions = {
  readonly miners?: number | undefined;
  readonly validators?: number | undefined;
  readonly domains?: readonly string[] | undefined;
  readonly copycats?: number | undefined;
  readonly overflowers?: number | undefined;
  readonly innerSteps?: number | undefined;
  readonly codec?: string | undefined;
};

/** Fails with `network_differs`, naming every option that contradicts the stored network. */
export function requireSameNetwork(network: Network, options: NetworkOptions, directory: string): void {
  const count = (behaviour: string) => network.miners.filter((miner) => miner.behaviour === behaviour).length;
  const stored = {
    miners: network.miners.length,
    validators: network.validators.length,
    domains: network.domains.join(','),
    copycats: count('copycat'),
    overflowers: count('overflow'),
    'inner-steps': network.innerSteps,
    codec: network.codec,
  };
  const given = {
    miners: options.miners,
    validators: options.validators,
    domains: options.domains?.join(','),
    copycats: options.copycats,
    overflowers: options.overflowers,
    'inner-steps': options.innerSteps,
    codec: options.codec,
  };
  const names = Object.keys(stored) as (keyof typeof stored)[];
  const differing = names.filter((name) => given[name] !== undefined && given[name] !== stored[name]);
  if (differing.length === 0) return;
  const list = differing
    .map((name) => `--${name} is ${given[name]}, but the network has ${stored[name]}`)
    .join('; ');
  throw cliError(
    'network_differs',
    `The network in ${directory} was made with other options: ${list}. Leave them out to go on with it, or start a new network in another directory with --dir.`,
    { fields: differing.join(',') },
  );
}
