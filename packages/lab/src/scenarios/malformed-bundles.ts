import {
  allOnes,
  flippedBit,
  hugeTensor,
  overlapping,
  padded,
  reshaped,
  truncated,
  withoutTensor,
  wrongDtype,
} from '../miners/packing.ts';
import { bomb, gibberish, packing, revealing } from '../miners/submitting.ts';
import { allCanonical, caught, earnsNothing, nothingChanged } from '../requirements.ts';
import { ON_TINY, type Scenario } from '../scenario.ts';

const MISDESCRIBED = {
  'missing tensor': withoutTensor,
  'transposed shape': reshaped,
  'another dtype': wrongDtype,
  'a tensor of petabytes': hugeTensor,
  'overlapping tensors': overlapping,
};
const DAMAGED = {
  'too long': padded,
  'too short': truncated,
  'not finite once decoded': allOnes,
  'one flipped bit': flippedBit,
};

export const malformedBundles: Scenario = {
  ...ON_TINY,
  name: 'malformed-bundles',
  family: 'integrity',
  attack:
    'Reveals bundles that do not fit their manifest, manifests that do not fit the group, and documents that are none or too large.',
  quick: true,
  rounds: 2,
  honestMiners: 8,
  cast: () => ({
    miners: [
      ...Object.entries({ ...MISDESCRIBED, ...DAMAGED }).map(([as, pack]) => ({
        as,
        behaviour: packing(pack),
      })),
      { as: 'document too large', behaviour: revealing(bomb) },
      { as: 'no document', behaviour: revealing(gibberish) },
    ],
  }),
  must: [
    ...Object.keys(MISDESCRIBED).map((as) => caught(['manifest_mismatch'], as)),
    ...Object.keys(DAMAGED).map((as) =>
      caught(['bundle_corrupt', 'bundle_too_large', 'bundle_missing', 'non_finite_delta', 'unavailable'], as),
    ),
    caught(['unavailable', 'reveal_missing'], 'document too large'),
    caught(['reveal_malformed'], 'no document'),
    earnsNothing,
    nothingChanged,
    allCanonical,
  ],
};
