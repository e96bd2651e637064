import { miner } from '../miners/submitting.ts';
import { overstepping } from '../miners/training.ts';
import { allCanonical, honestEarn } from '../requirements.ts';
import { type Scenario, USUAL } from '../scenario.ts';

export const oversteps: Scenario = {
  ...USUAL,
  name: 'overstepping',
  family: 'scoring',
  attack:
    'Trains honestly and sends the update three times as large, to gain more at once than its steps would.',
  cast: () => ({ miners: [{ as: 'oversteps', behaviour: miner(overstepping(3)) }] }),
  must: [honestEarn, allCanonical],
  notWithstood:
    'It is paid for what it gains, and it does gain more: the model learns faster by it, up to the bound on norms. Pay does not follow effort.',
};
