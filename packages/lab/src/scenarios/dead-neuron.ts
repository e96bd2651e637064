import { deadNeuron } from '../miners/overflow.ts';
import { miner } from '../miners/submitting.ts';
import { allCanonical, caught, earnsNothing, honestEarn } from '../requirements.ts';
import { ON_TINY, type Scenario } from '../scenario.ts';

export const deadNeurons: Scenario = {
  ...ON_TINY,
  name: 'dead-neuron',
  family: 'scoring',
  attack:
    'Hides values near float32’s largest behind a neuron whose input weights it cancels, to overflow the merge for everybody.',
  quick: true,
  cast: () => ({ miners: [{ as: 'dead neuron', behaviour: miner(deadNeuron()) }] }),
  defence: 'norm bound',
  must: [caught(['non_finite_loss', 'excessive_travel']), earnsNothing, honestEarn, allCanonical],
};
