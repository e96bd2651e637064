import { signFlip } from '../miners/poison.ts';
import { miner } from '../miners/submitting.ts';
import { changed } from '../miners/training.ts';
import { allCanonical, caught, earnsNothing, nothingChanged } from '../requirements.ts';
import { type Scenario, USUAL } from '../scenario.ts';

export const signFlips: Scenario = {
  ...USUAL,
  name: 'sign-flip',
  family: 'integrity',
  attack: 'Three of ten send what would undo honest work.',
  quick: true,
  honestMiners: 7,
  cast: () => ({
    miners: Array.from({ length: 3 }, () => ({
      as: 'flips',
      behaviour: miner(changed('sign-flip', signFlip)),
    })),
  }),
  must: [caught(['futile', 'no_gain', 'general_regression']), earnsNothing, nothingChanged, allCanonical],
};
