import { allCanonical, losesDividends, nothingChanged } from '../requirements.ts';
import { ON_TINY, type Scenario } from '../scenario.ts';
import { validator, withoutWeights } from '../validators/lying.ts';

export const withoutWeightsValidator: Scenario = {
  ...ON_TINY,
  name: 'without-weights',
  family: 'validators',
  attack: 'One of four validators sets no chain weights.',
  quick: false,
  honestMiners: 10,
  honestValidators: 3,
  cast: () => ({ validators: [{ as: 'sets no weights', behaviour: validator(withoutWeights) }] }),
  defence: 'consensus on the ledger',
  must: [nothingChanged, allCanonical, losesDividends],
};
