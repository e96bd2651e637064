import { allCanonical, losesDividends, nothingChanged } from '../requirements.ts';
import { ON_TINY, type Scenario } from '../scenario.ts';
import { copiedWeights, validator } from '../validators/lying.ts';

export const copiedWeightsValidator: Scenario = {
  ...ON_TINY,
  name: 'copied-weights',
  family: 'validators',
  attack: 'One of four validators reports nothing and pays what the others’ published reports say.',
  quick: false,
  honestMiners: 10,
  honestValidators: 3,
  cast: () => ({ validators: [{ as: 'copies weights', behaviour: validator(copiedWeights) }] }),
  defence: 'reports committed before they are shown',
  must: [nothingChanged, allCanonical, losesDividends],
  notWithstood:
    'It moves no score, but the chain weights it computes from the others’ published reports are the right ones, and are paid like theirs.',
};
