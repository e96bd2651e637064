import { replayed } from '../miners/packing.ts';
import { packing } from '../miners/submitting.ts';
import { allCanonical, caught, honestEarn } from '../requirements.ts';
import { ON_TINY, type Scenario } from '../scenario.ts';

export const replayedSubmission: Scenario = {
  ...ON_TINY,
  name: 'replayed',
  family: 'integrity',
  attack: 'Commits to and reveals the signed manifest and bundle of its first round again in later rounds.',
  rounds: 2,
  cast: () => ({ miners: [{ as: 'replays', behaviour: packing(replayed()) }] }),
  must: [caught(['wrong_round', 'wrong_base_state'], 'replays', 1), honestEarn, allCanonical],
};
