import { allCanonical, nothingChanged } from '../requirements.ts';
import { ON_TINY, type Scenario } from '../scenario.ts';
import { validator, withholding } from '../validators/lying.ts';

export const withholdingValidator: Scenario = {
  ...ON_TINY,
  name: 'withholding',
  family: 'validators',
  attack: 'One of four validators commits to a report and shows it to nobody.',
  quick: false,
  honestMiners: 10,
  honestValidators: 3,
  cast: () => ({ validators: [{ as: 'withholds', behaviour: validator(withholding) }] }),
  defence: 'attestation quorum',
  must: [nothingChanged, allCanonical],
};
