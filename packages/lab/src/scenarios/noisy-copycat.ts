import { copycat } from '../miners/copycat.ts';
import type { Evasion } from '../miners/evasion.ts';
import { miner } from '../miners/submitting.ts';
import { withNoise } from '../miners/update.ts';
import { allCanonical, earnsNothing, honestEarn } from '../requirements.ts';
import { type Scenario, USUAL } from '../scenario.ts';

const veryNoisy: Evasion = ({ update, random }) => withNoise(update, 1, random);

export const noisyCopycat: Scenario = {
  ...USUAL,
  name: 'noisy-copycat',
  family: 'copying',
  attack: 'Copies the best update of the round before under noise as large as the update itself.',
  cast: () => ({ miners: [{ as: 'very noisy', behaviour: miner(copycat(veryNoisy)) }] }),
  must: [earnsNothing, honestEarn, allCanonical],
};
