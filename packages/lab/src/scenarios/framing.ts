import { allCanonical, nothingChanged } from '../requirements.ts';
import { ON_TINY, type Scenario } from '../scenario.ts';
import { framing, validator } from '../validators/lying.ts';

export const framingValidator: Scenario = {
  ...ON_TINY,
  name: 'framing',
  family: 'validators',
  attack: 'One of four validators calls every miner but one a copy of that one.',
  quick: false,
  honestMiners: 10,
  honestValidators: 3,
  cast: () => ({
    validators: [{ as: 'frames', behaviour: validator(framing(({ facts }) => facts.miners.at(-1)!.uid)) }],
  }),
  defence: 'duplicate quorum',
  must: [nothingChanged, allCanonical],
};
