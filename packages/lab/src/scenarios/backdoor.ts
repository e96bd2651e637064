import { miner } from '../miners/submitting.ts';
import { backdoor } from '../miners/training.ts';
import { allCanonical, earnsNothing, honestEarn } from '../requirements.ts';
import { type Scenario, USUAL } from '../scenario.ts';

export const backdoors: Scenario = {
  ...USUAL,
  name: 'backdoor',
  family: 'integrity',
  attack: 'Mixes into honest work what answers a phrase that no text holds by one token.',
  cast: () => ({ miners: [{ as: 'backdoor', behaviour: miner(backdoor()) }] }),
  must: [honestEarn, allCanonical, earnsNothing],
  notWithstood:
    'No drawn sequence holds the phrase, so no loss shows it: the update is paid for its honest part, and merged.',
};
