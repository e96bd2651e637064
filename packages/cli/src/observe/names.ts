import type { Network } from '../network/network-file.ts';

/** Names of a local network's nodes by hotkey. */
export function namesOf({ miners, validators }: Network): ReadonlyMap<string, string> {
  return new Map<string, string>([...miners, ...validators].map(({ hotkey, name }) => [hotkey, name]));
}
