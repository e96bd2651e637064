import { crowding } from '../miners/submitting.ts';
import { allCanonical, domainsPaidEqually, honestEarn } from '../requirements.ts';
import { ON_TINY, type Scenario } from '../scenario.ts';

export const easiestDomain: Scenario = {
  ...ON_TINY,
  name: 'easiest-domain',
  family: 'scoring',
  attack: 'Declares that it can serve the easiest domain only, to be paid for large gains that are cheap.',
  domains: 'code+math',
  honestMiners: 2,
  cast: () => ({
    miners: Array.from({ length: 4 }, () => ({ as: 'crowd', behaviour: crowding('math') })),
  }),
  defence: 'emission by domain',
  must: [domainsPaidEqually(1), honestEarn, allCanonical],
};
