import { miner } from '../miners/submitting.ts';
import { resting } from '../miners/training.ts';
import { allCanonical, caught, honestEarn } from '../requirements.ts';
import { ON_TINY, type Scenario } from '../scenario.ts';

export const oldScore: Scenario = {
  ...ON_TINY,
  name: 'old-score',
  family: 'scoring',
  attack: 'Earns a good score once and then does nothing, to live on its average.',
  cast: () => ({ miners: [{ as: 'rests', behaviour: miner(resting(1)) }] }),
  must: [caught(['no_commitment'], 'rests', 1), honestEarn, allCanonical],
};
