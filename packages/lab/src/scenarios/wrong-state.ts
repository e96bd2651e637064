import { allCanonical, nothingChanged } from '../requirements.ts';
import { ON_TINY, type Scenario } from '../scenario.ts';
import { validator, wrongState } from '../validators/lying.ts';

export const wrongStateValidator: Scenario = {
  ...ON_TINY,
  name: 'wrong-state',
  family: 'validators',
  attack: 'One of four validators posts a state that nobody can compute.',
  quick: true,
  honestMiners: 10,
  honestValidators: 3,
  cast: () => ({ validators: [{ as: 'posts a wrong state', behaviour: validator(wrongState) }] }),
  defence: 'state quorum',
  must: [nothingChanged, allCanonical],
};
