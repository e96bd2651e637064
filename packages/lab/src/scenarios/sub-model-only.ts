import { miner } from '../miners/submitting.ts';
import { subModelOnly } from '../miners/training.ts';
import { allCanonical, honestEarn } from '../requirements.ts';
import { type Scenario, USUAL } from '../scenario.ts';

export const subModelGain: Scenario = {
  ...USUAL,
  name: 'sub-model-only',
  family: 'scoring',
  attack:
    'Trains where only its group’s experts do anything: better on the sub-model, not in the composed model.',
  cast: () => ({ miners: [{ as: 'sub-model', behaviour: miner(subModelOnly()) }] }),
  defence: 'scores on the composed model',
  must: [honestEarn, allCanonical],
};
