import { allCanonical, losesDividends, nothingChanged } from '../requirements.ts';
import { type Scenario, USUAL } from '../scenario.ts';
import { copiedWeights, validator } from '../validators/lying.ts';

export const copiedWeightsValidator: Scenario = {
  ...USUAL,
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
