import { smallBias } from '../miners/poison.ts';
import { miner } from '../miners/submitting.ts';
import { changed } from '../miners/training.ts';
import { allCanonical, honestEarn } from '../requirements.ts';
import { type Scenario, USUAL } from '../scenario.ts';

export const smallBiases: Scenario = {
  ...USUAL,
  name: 'small-bias',
  family: 'integrity',
  attack: 'Three of ten mix the same small direction into honest work in every round, so that it adds up.',
  rounds: 4,
  honestMiners: 7,
  cast: () => ({
    miners: Array.from({ length: 3 }, () => ({
      as: 'biased',
      behaviour: miner(changed('small-bias', smallBias(0.5))),
    })),
  }),
  must: [honestEarn, allCanonical],
};
