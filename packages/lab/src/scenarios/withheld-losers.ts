import { miner, neverRevealing } from '../miners/submitting.ts';
import { allCanonical, caught, honestEarn } from '../requirements.ts';
import { ON_TINY, type Scenario } from '../scenario.ts';

export const withheldLosers: Scenario = {
  ...ON_TINY,
  name: 'withheld-losers',
  family: 'scoring',
  attack:
    'Commits under three keys and shows the work of one only, as if it could pick the best; there is no exam to look at before.',
  rounds: 2,
  honestMiners: 7,
  trainings: 3,
  cast: () => ({
    miners: [
      { as: 'shown', behaviour: miner() },
      { as: 'withheld', behaviour: neverRevealing() },
      { as: 'withheld', behaviour: neverRevealing() },
    ],
  }),
  must: [caught(['not_revealed'], 'withheld'), honestEarn, allCanonical],
};
