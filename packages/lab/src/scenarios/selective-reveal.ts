import { honestValidator } from '@connito/validator';
import { selectiveReveal } from '../miners/submitting.ts';
import { allCanonical, caught, earnsNothing, nothingChanged } from '../requirements.ts';
import { ON_TINY, type Scenario } from '../scenario.ts';

export const selectivelyRevealed: Scenario = {
  ...ON_TINY,
  name: 'selective-reveal',
  family: 'integrity',
  attack: 'Shows its bytes to one validator alone, so that the validators disagree on what to merge.',
  quick: true,
  rounds: 2,
  honestValidators: 3,
  cast: () => {
    const { miner, confidant } = selectiveReveal();
    return {
      miners: [{ as: 'selective', behaviour: miner }],
      validators: [{ as: 'confidant', behaviour: { strategy: honestValidator, ...confidant } }],
    };
  },
  must: [caught(['unavailable']), earnsNothing, nothingChanged, allCanonical],
};
