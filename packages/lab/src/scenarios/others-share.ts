import { miner } from '../miners/submitting.ts';
import { trainingOnShareOf } from '../miners/training.ts';
import { allCanonical, honestEarn } from '../requirements.ts';
import { type Scenario, USUAL } from '../scenario.ts';

export const othersShare: Scenario = {
  ...USUAL,
  name: 'others-share',
  family: 'scoring',
  attack: 'Trains on the documents of another miner instead of its own.',
  cast: () => ({
    miners: [{ as: 'on another’s share', behaviour: miner(trainingOnShareOf((others) => others[0]!)) }],
  }),
  must: [honestEarn, allCanonical],
};
