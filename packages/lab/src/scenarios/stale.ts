import { miner } from '../miners/submitting.ts';
import { stale } from '../miners/training.ts';
import { allCanonical, caught, honestEarn } from '../requirements.ts';
import { ON_TINY, type Scenario } from '../scenario.ts';

export const staleWork: Scenario = {
  ...ON_TINY,
  name: 'stale',
  family: 'scoring',
  attack: 'Trains once and submits the same update in every round, under a new manifest each time.',
  quick: true,
  cast: () => ({ miners: [{ as: 'stale', behaviour: miner(stale()) }] }),
  must: [caught(['stale_delta'], 'stale', 1), honestEarn, allCanonical],
};
