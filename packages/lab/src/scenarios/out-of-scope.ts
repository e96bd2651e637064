import { withExpert, withTensor } from '../miners/packing.ts';
import { packing } from '../miners/submitting.ts';
import { allCanonical, caught, earnsNothing, nothingChanged } from '../requirements.ts';
import { ON_TINY, type Scenario } from '../scenario.ts';

const OUTSIDE = {
  router: withTensor('model.layers.3.mlp.gate.weight'),
  attention: withTensor('model.layers.3.self_attn.q_proj.weight'),
  embeddings: withTensor('model.embed_tokens.weight'),
  'another layer’s expert': withExpert(0, 0),
};

export const outOfScope: Scenario = {
  ...ON_TINY,
  name: 'out-of-scope',
  family: 'integrity',
  attack: 'Sends tensors that its group does not train: router, attention, embeddings, other experts.',
  rounds: 2,
  honestMiners: 8,
  cast: () => ({
    miners: Object.entries(OUTSIDE).map(([as, pack]) => ({ as, behaviour: packing(pack) })),
  }),
  must: [caught(['scope_violation']), earnsNothing, nothingChanged, allCanonical],
};
