import { allCanonical, losesDividends, scoresMoveAtMost } from '../requirements.ts';
import { ON_TINY, type Scenario } from '../scenario.ts';
import { randomScores, validator } from '../validators/lying.ts';

export const randomScoresValidator: Scenario = {
  ...ON_TINY,
  name: 'random-scores',
  family: 'validators',
  attack: 'One of four validators scores, votes and pays at random.',
  quick: false,
  honestMiners: 10,
  honestValidators: 3,
  cast: () => ({ validators: [{ as: 'random', behaviour: validator(randomScores()) }] }),
  defence: 'median of reports',
  must: [scoresMoveAtMost(0.1), allCanonical, losesDividends],
};
