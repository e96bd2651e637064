import { allCanonical, honestEarn, nothingChanged } from '../requirements.ts';
import { ON_TINY, type Scenario } from '../scenario.ts';
import { away } from '../validators/lying.ts';

export const oneOffline: Scenario = {
  ...ON_TINY,
  name: 'one-offline',
  family: 'validators',
  attack: 'One of four validators is out of reach from round 1 on.',
  honestMiners: 10,
  honestValidators: 3,
  cast: () => ({ validators: [{ as: 'away', behaviour: away((round) => round >= 1) }] }),
  defence: 'state quorum',
  must: [allCanonical, nothingChanged, honestEarn],
};
