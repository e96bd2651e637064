import { taskRandom } from '../miners/copycat.ts';
import { miner } from '../miners/submitting.ts';
import { sybils } from '../miners/training.ts';
import { withNoise } from '../miners/update.ts';
import { allCanonical, honestEarn } from '../requirements.ts';
import { type Scenario, USUAL } from '../scenario.ts';

export const noisyTwins: Scenario = {
  ...USUAL,
  name: 'noisy-twins',
  family: 'credit',
  attack:
    'One operator submits one training under two keys, the second under noise as large as the update itself.',
  honestMiners: 8,
  trainings: 1,
  cast: () => {
    const keys = sybils([({ delta }) => delta, ({ delta }, task) => withNoise(delta, 1, taskRandom(task))]);
    return { miners: keys.map((strategy) => ({ as: 'twin', behaviour: miner(strategy) })) };
  },
  must: [honestEarn, allCanonical],
  notWithstood: 'Where noise hides that two keys hold one training, both are paid.',
};
