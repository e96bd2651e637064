import { pureNoise } from '../miners/poison.ts';
import { miner } from '../miners/submitting.ts';
import { changed, idle } from '../miners/training.ts';
import { allCanonical, caught, earnsNothing, nothingChanged } from '../requirements.ts';
import { type Scenario, USUAL } from '../scenario.ts';

export const noise: Scenario = {
  ...USUAL,
  name: 'noise',
  family: 'scoring',
  attack:
    'Trains nothing and submits zeros, or random values of an honest update’s size, and hopes for luck.',
  honestMiners: 7,
  cast: () => ({
    miners: [
      { as: 'zeros', behaviour: miner(idle()) },
      { as: 'noise', behaviour: miner(changed('noise', pureNoise)) },
      { as: 'noise', behaviour: miner(changed('noise', pureNoise)) },
    ],
  }),
  must: [caught(['futile', 'no_gain', 'general_regression']), earnsNothing, nothingChanged, allCanonical],
};
