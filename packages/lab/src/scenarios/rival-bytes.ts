import { bundleThief, commitmentCopier } from '../miners/submitting.ts';
import { allCanonical, caught, earnsNothing, nothingChanged } from '../requirements.ts';
import { ON_TINY, type Scenario } from '../scenario.ts';

export const rivalBytes: Scenario = {
  ...ON_TINY,
  name: 'rival-bytes',
  family: 'copying',
  attack: 'Commits to a rival’s commitment bytes, or reveals a rival’s bundle as its own in the same round.',
  quick: true,
  rounds: 2,
  honestMiners: 8,
  cast: () => ({
    miners: [
      { as: 'commitment copier', behaviour: commitmentCopier() },
      { as: 'bundle thief', behaviour: bundleThief() },
    ],
  }),
  must: [
    caught(['commitment_mismatch', 'bad_signature', 'wrong_hotkey'], 'commitment copier'),
    caught(['commitment_mismatch'], 'bundle thief'),
    earnsNothing,
    nothingChanged,
    allCanonical,
  ],
};
