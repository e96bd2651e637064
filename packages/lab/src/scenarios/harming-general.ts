import { miner } from '../miners/submitting.ts';
import { harmingGeneral } from '../miners/training.ts';
import { allCanonical, honestEarn } from '../requirements.ts';
import { type Scenario, USUAL } from '../scenario.ts';

export const harmsGeneral: Scenario = {
  ...USUAL,
  name: 'harming-general',
  family: 'scoring',
  attack: 'Is better on the domain by being worse on everything else: unlearns general text while it trains.',
  honestMiners: 8,
  cast: () => ({
    miners: [
      { as: 'unlearns', behaviour: miner(harmingGeneral(1)) },
      { as: 'unlearns much', behaviour: miner(harmingGeneral(4)) },
    ],
  }),
  must: [honestEarn, allCanonical],
};
