import { taskRandom } from '../miners/copycat.ts';
import { miner } from '../miners/submitting.ts';
import { sybils } from '../miners/training.ts';
import { scaled, withNoise } from '../miners/update.ts';
import { allCanonical, earnsAtMost, honestEarn, oneAtMostEarns } from '../requirements.ts';
import { type Scenario, USUAL } from '../scenario.ts';

export const sybilKeys: Scenario = {
  ...USUAL,
  name: 'sybils',
  family: 'copying',
  attack: 'One operator submits one training under three keys: as it is, with 20 % noise, and halved.',
  quick: true,
  honestMiners: 7,
  trainings: 1,
  cast: () => {
    const keys = sybils([
      ({ delta }) => delta,
      ({ delta }, task) => withNoise(delta, 0.2, taskRandom(task)),
      ({ delta }) => scaled(delta, 0.5),
    ]);
    return { miners: keys.map((strategy) => ({ as: 'sybil', behaviour: miner(strategy) })) };
  },
  must: [oneAtMostEarns, earnsAtMost(1.1), honestEarn, allCanonical],
};
