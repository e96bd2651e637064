import { copycat } from '../miners/copycat.ts';
import { exact, halved, mixed, noisy, permuted, requantised, rescaled } from '../miners/evasion.ts';
import { miner } from '../miners/submitting.ts';
import { allCanonical, caught, earnsNothing, nothingChanged } from '../requirements.ts';
import { type Scenario, USUAL } from '../scenario.ts';

const DISGUISES = { exact, noisy, halved, mixed, requantised, permuted, rescaled };

export const copycats: Scenario = {
  ...USUAL,
  name: 'copycats',
  family: 'copying',
  attack:
    'Each copies the best update of the round before: as it is, with 20 % noise, halved, mixed with another, rounded, neurons permuted, projections rescaled.',
  quick: true,
  honestMiners: 8,
  cast: () => ({
    miners: Object.entries(DISGUISES).map(([as, evasion]) => ({ as, behaviour: miner(copycat(evasion)) })),
  }),
  must: [
    caught(['no_commitment', 'duplicate_of', 'stale_delta', 'futile', 'no_gain']),
    earnsNothing,
    nothingChanged,
    allCanonical,
  ],
};
