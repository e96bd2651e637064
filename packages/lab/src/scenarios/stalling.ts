import { allCanonical, nothingChanged } from '../requirements.ts';
import { ON_TINY, type Scenario } from '../scenario.ts';
import { stalling, validator } from '../validators/lying.ts';

export const stallingValidator: Scenario = {
  ...ON_TINY,
  name: 'stalling',
  family: 'validators',
  attack: 'One of four validators votes for no step, whatever it measured.',
  quick: false,
  honestMiners: 10,
  honestValidators: 3,
  cast: () => ({ validators: [{ as: 'stalls', behaviour: validator(stalling) }] }),
  defence: 'median of votes',
  must: [nothingChanged, allCanonical],
};
