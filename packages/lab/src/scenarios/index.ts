import type { Scenario } from '../scenario.ts';
import { backdoors } from './backdoor.ts';
import { collusions } from './collusion.ts';
import { copiedScoresValidator } from './copied-scores.ts';
import { copiedWeightsValidator } from './copied-weights.ts';
import { copycats } from './copycats.ts';
import { deadNeurons } from './dead-neuron.ts';
import { denyingValidator } from './denying.ts';
import { easiestDomain } from './easiest-domain.ts';
import { failedBaseline } from './failed-baseline.ts';
import { favouringValidator } from './favouring.ts';
import { framingValidator } from './framing.ts';
import { halfOffline } from './half-offline.ts';
import { harmsGeneral } from './harming-general.ts';
import { hostages } from './hostages.ts';
import { hugeNorms } from './huge-norm.ts';
import { lateness } from './lateness.ts';
import { malformedBundles } from './malformed-bundles.ts';
import { memorisers } from './memoriser.ts';
import { noise } from './noise.ts';
import { noisyCopycat } from './noisy-copycat.ts';
import { noisyTwins } from './noisy-twins.ts';
import { oldScore } from './old-score.ts';
import { oneOffline } from './one-offline.ts';
import { othersShare } from './others-share.ts';
import { outOfScope } from './out-of-scope.ts';
import { overflowing } from './overflow.ts';
import { oversteps } from './overstepping.ts';
import { randomScoresValidator } from './random-scores.ts';
import { replayedSubmission } from './replayed.ts';
import { rivalBytes } from './rival-bytes.ts';
import { selectivelyRevealed } from './selective-reveal.ts';
import { signFlips } from './sign-flip.ts';
import { smallBiases } from './small-bias.ts';
import { splitUpdate } from './split-update.ts';
import { staleWork } from './stale.ts';
import { stallingValidator } from './stalling.ts';
import { subModelGain } from './sub-model-only.ts';
import { sybilKeys } from './sybils.ts';
import { withheldLosers } from './withheld-losers.ts';
import { withholdingValidator } from './withholding.ts';
import { withoutWeightsValidator } from './without-weights.ts';
import { wrongStateValidator } from './wrong-state.ts';

/** All attacks of the lab, by family. */
export const SCENARIOS: readonly Scenario[] = [
  overflowing,
  deadNeurons,
  noise,
  memorisers,
  withheldLosers,
  easiestDomain,
  oldScore,
  staleWork,
  othersShare,
  harmsGeneral,
  subModelGain,
  failedBaseline,
  oversteps,
  rivalBytes,
  sybilKeys,
  copycats,
  noisyCopycat,
  splitUpdate,
  noisyTwins,
  hostages,
  outOfScope,
  malformedBundles,
  replayedSubmission,
  lateness,
  selectivelyRevealed,
  hugeNorms,
  signFlips,
  smallBiases,
  backdoors,
  ...collusions,
  favouringValidator,
  copiedScoresValidator,
  copiedWeightsValidator,
  randomScoresValidator,
  withholdingValidator,
  denyingValidator,
  framingValidator,
  withoutWeightsValidator,
  wrongStateValidator,
  stallingValidator,
  halfOffline,
  oneOffline,
];
