import { allCanonical, honestEarn, nothingChanged } from '../requirements.ts';
import { ON_TINY, type Scenario } from '../scenario.ts';
import { withFailedBaseline } from '../validators/lying.ts';

export const failedBaseline: Scenario = {
  ...ON_TINY,
  name: 'failed-baseline',
  family: 'scoring',
  attack:
    'One of four validators cannot measure the state before the updates; a default would let everybody gain.',
  honestMiners: 10,
  honestValidators: 3,
  cast: () => ({ validators: [{ as: 'without baseline', behaviour: withFailedBaseline() }] }),
  defence: 'the validator abstains',
  must: [nothingChanged, allCanonical, honestEarn],
};
