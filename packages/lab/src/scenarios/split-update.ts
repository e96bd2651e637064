import { miner } from '../miners/submitting.ts';
import { sybils } from '../miners/training.ts';
import { neuronsOnly } from '../miners/update.ts';
import { allCanonical, honestEarn } from '../requirements.ts';
import { type Scenario, USUAL } from '../scenario.ts';

export const splitUpdate: Scenario = {
  ...USUAL,
  name: 'split-update',
  family: 'credit',
  attack:
    'One operator cuts one training into two halves of the neurons and submits each under a key of its own.',
  honestMiners: 8,
  trainings: 1,
  cast: () => {
    const keys = sybils([
      ({ delta }) => neuronsOnly(delta, (neuron) => neuron % 2 === 0),
      ({ delta }) => neuronsOnly(delta, (neuron) => neuron % 2 === 1),
    ]);
    return { miners: keys.map((strategy) => ({ as: 'half', behaviour: miner(strategy) })) };
  },
  defence: 'pay by gain',
  must: [honestEarn, allCanonical],
};
