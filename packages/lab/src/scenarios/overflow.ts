import { overflow, overflowEverywhere, overflowRarely } from '../miners/overflow.ts';
import { miner } from '../miners/submitting.ts';
import { allCanonical, caught, earnsNothing, honestEarn, nothingChanged } from '../requirements.ts';
import { type Scenario, USUAL } from '../scenario.ts';

export const overflowing: Scenario = {
  ...USUAL,
  name: 'overflow',
  family: 'scoring',
  attack:
    'Crafts parameters that overflow on most sequences, on all, or on the fewest it can find, so that they drop out of the mean.',
  quick: true,
  honestMiners: 7,
  cast: () => ({
    miners: [
      { as: 'overflow on most', behaviour: miner(overflow()) },
      { as: 'overflow on few', behaviour: miner(overflowRarely()) },
      { as: 'overflow on all', behaviour: miner(overflowEverywhere()) },
    ],
  }),
  must: [caught(['non_finite_loss']), earnsNothing, nothingChanged, honestEarn, allCanonical],
};
