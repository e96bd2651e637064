import { miner } from '../miners/submitting.ts';
import { idle } from '../miners/training.ts';
import { allCanonical, earnsNothing, losesDividends, scoresMoveAtMost } from '../requirements.ts';
import { ON_TINY, type Scenario } from '../scenario.ts';
import { favouring, validator } from '../validators/lying.ts';

export const favouringValidator: Scenario = {
  ...ON_TINY,
  name: 'favouring',
  family: 'validators',
  attack:
    'One of four validators reports an absurd score for its own idle miner, none for all others, and pays only that one.',
  quick: true,
  honestValidators: 3,
  cast: () => ({
    miners: [{ as: 'favourite', behaviour: miner(idle()) }],
    validators: [
      {
        as: 'favours its miner',
        behaviour: validator(favouring(({ facts }) => facts.miners.at(-1)!.uid)),
      },
    ],
  }),
  defence: 'median of reports',
  must: [scoresMoveAtMost(0.1), earnsNothing, allCanonical, losesDividends],
};
