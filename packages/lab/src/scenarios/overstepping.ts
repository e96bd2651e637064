import { miner } from '../miners/submitting.ts';
import { overstepping } from '../miners/training.ts';
import { allCanonical, honestEarn } from '../requirements.ts';
import { type Scenario, USUAL } from '../scenario.ts';

export const oversteps: Scenario = {
  ...USUAL,
  name: 'overstepping',
  family: 'scoring',
  attack:
    'Trains honestly and sends the update three times as large, or some of its tensors four times, to gain more at once than its steps would.',
  honestMiners: 8,
  cast: () => ({
    miners: [
      { as: 'oversteps', behaviour: miner(overstepping(3)) },
      { as: 'some tensors', behaviour: miner(overstepping(4, 'down_proj')) },
    ],
  }),
  defence: 'bound on travel',
  must: [honestEarn, allCanonical],
};
