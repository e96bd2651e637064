/** How a miner of the local network acts. All but `honest` are in the lab. */
export const BEHAVIOURS = ['honest', 'copycat', 'overflow'] as const;
export type Behaviour = (typeof BEHAVIOURS)[number];
