import { late, neverRevealing } from '../miners/submitting.ts';
import { allCanonical, caught, earnsNothing, nothingChanged } from '../requirements.ts';
import { ON_TINY, type Scenario } from '../scenario.ts';

export const lateness: Scenario = {
  ...ON_TINY,
  name: 'lateness',
  family: 'integrity',
  attack: 'Commits after the window, reveals after the window, or commits and never reveals.',
  quick: true,
  rounds: 2,
  honestMiners: 7,
  cast: () => ({
    miners: [
      { as: 'late commit', behaviour: late('commit', 'reveal') },
      { as: 'late reveal', behaviour: late('reveal', 'evaluate') },
      { as: 'no reveal', behaviour: neverRevealing() },
    ],
  }),
  must: [
    caught(['late_commit', 'no_commitment'], 'late commit'),
    caught(['late_reveal', 'not_revealed'], 'late reveal'),
    caught(['not_revealed'], 'no reveal'),
    earnsNothing,
    nothingChanged,
    allCanonical,
  ],
};
