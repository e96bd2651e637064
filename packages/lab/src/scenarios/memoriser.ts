import { miner } from '../miners/submitting.ts';
import { memoriser } from '../miners/training.ts';
import { allCanonical, earnsAtMost, honestEarn } from '../requirements.ts';
import { type Scenario, USUAL } from '../scenario.ts';

export const memorisers: Scenario = {
  ...USUAL,
  name: 'memoriser',
  family: 'scoring',
  attack: 'Trains on the public held-out pool itself, which the exam is drawn from.',
  rounds: 4,
  honestMiners: 8,
  cast: () => ({
    miners: [
      { as: 'memoriser', behaviour: miner(memoriser()) },
      { as: 'memoriser', behaviour: miner(memoriser()) },
    ],
  }),
  must: [honestEarn, allCanonical, earnsAtMost(1.5)],
  notWithstood:
    'The held-out pool is public and fixed, so knowing it pays. On texts of few documents it pays several times as much: see Proof-of-Loss.',
};
