import { honestEarn, voidOnly } from '../requirements.ts';
import { ON_TINY, type Scenario } from '../scenario.ts';
import { away } from '../validators/lying.ts';

export const halfOffline: Scenario = {
  ...ON_TINY,
  name: 'half-offline',
  family: 'validators',
  attack: 'Two of four validators are out of reach in round 1 and come back.',
  quick: true,
  honestMiners: 10,
  honestValidators: 2,
  cast: () => ({
    validators: Array.from({ length: 2 }, () => ({ as: 'away', behaviour: away((round) => round === 1) })),
  }),
  defence: 'state quorum',
  must: [voidOnly([1]), honestEarn],
};
