import { allCanonical, losesDividends, scoresMoveAtMost } from '../requirements.ts';
import { ON_TINY, type Scenario } from '../scenario.ts';
import { copiedScores, validator } from '../validators/lying.ts';

export const copiedScoresValidator: Scenario = {
  ...ON_TINY,
  name: 'copied-scores',
  family: 'validators',
  attack: 'One of four validators measures nothing and reports the agreed scores of the round before.',
  quick: false,
  honestMiners: 10,
  honestValidators: 3,
  cast: () => ({ validators: [{ as: 'copies scores', behaviour: validator(copiedScores()) }] }),
  defence: 'median of reports',
  must: [scoresMoveAtMost(0.1), allCanonical, losesDividends],
  notWithstood:
    'It moves no score, but the chain weights it computes from the others’ published reports are the right ones, and are paid like theirs.',
};
