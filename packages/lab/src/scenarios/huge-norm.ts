import { hugeNorm } from '../miners/poison.ts';
import { miner } from '../miners/submitting.ts';
import { changed } from '../miners/training.ts';
import { allCanonical, honestEarn } from '../requirements.ts';
import { type Scenario, USUAL } from '../scenario.ts';

export const hugeNorms: Scenario = {
  ...USUAL,
  name: 'huge-norm',
  family: 'integrity',
  attack: 'Sends honest work a thousand times as large, to decide the merge alone.',
  quick: true,
  cast: () => ({ miners: [{ as: 'huge', behaviour: miner(changed('huge-norm', hugeNorm)) }] }),
  defence: 'norm clipping',
  must: [honestEarn, allCanonical],
};
