import type { MinerTask, Work } from '@connito/miner';
import type { TensorMap } from '@connito/protocol';
import { taskRandom } from '../miners/copycat.ts';
import { pureNoise } from '../miners/poison.ts';
import { miner } from '../miners/submitting.ts';
import { sybils } from '../miners/training.ts';
import { combined } from '../miners/update.ts';
import { allCanonical, honestEarn } from '../requirements.ts';
import { type Scenario, USUAL } from '../scenario.ts';

/** The work with a direction added that its twin takes away again; the same for both, drawn from the group’s first key. */
function withDirection(factor: number): (work: Work, task: MinerTask) => TensorMap {
  return ({ delta }, task) => {
    const random = taskRandom({ hotkey: task.facts.miners[0]!.hotkey, round: task.round });
    const direction = pureNoise({ own: delta, colluders: [delta], random });
    return combined([
      { factor: 1, update: delta },
      { factor, update: direction },
    ]);
  };
}

export const hostages: Scenario = {
  ...USUAL,
  name: 'hostages',
  family: 'credit',
  attack:
    'Two keys add opposite directions to one training, so that the merge is worse without either: each looks needed by leave-one-out.',
  honestMiners: 8,
  trainings: 1,
  cast: () => ({
    miners: sybils([withDirection(1.5), withDirection(-1.5)]).map((strategy) => ({
      as: 'hostage taker',
      behaviour: miner(strategy),
    })),
  }),
  defence: 'bound on travel',
  must: [honestEarn, allCanonical],
};
