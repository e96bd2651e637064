import { allCanonical, nothingChanged } from '../requirements.ts';
import { ON_TINY, type Scenario } from '../scenario.ts';
import { denying, validator } from '../validators/lying.ts';

export const denyingValidator: Scenario = {
  ...ON_TINY,
  name: 'denying',
  family: 'validators',
  attack: 'One of four validators attests to hold nothing of what others sent.',
  quick: false,
  honestMiners: 10,
  honestValidators: 3,
  cast: () => ({ validators: [{ as: 'denies', behaviour: validator(denying) }] }),
  defence: 'attestation quorum',
  must: [nothingChanged, allCanonical],
};
