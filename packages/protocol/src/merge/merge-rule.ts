import type { MergeParameters } from '../run/run-definition.ts';
import { centredClipping } from './centred-clipping.ts';
import { coordinateMedian } from './coordinate-median.ts';
import { krum, multiKrum } from './krum.ts';
import type { MergeColumns } from './merge-columns.ts';
import { trimmedMean } from './trimmed-mean.ts';
import type { WholeUpdates } from './whole-updates.ts';

export type MergeRuleKind = MergeParameters['rule'];

/**
 * How updates become one. Either a rule looks at one coordinate of all updates at a time, or it looks at whole updates and
 * says what each is multiplied by in the sum; the arithmetic of that sum is then the same for all such rules.
 *
 * Every rule rounds to float32 after each operation on values and works in uid order, so that any two machines get the same
 * bytes: float32 results of `+ − × ÷` computed in doubles and then rounded are those of float32 arithmetic (Figueroa 1995),
 * and JavaScript never fuses or reorders. Distances and factors are doubles: sums in a fixed order and square roots, which
 * IEEE 754 rounds exactly, then rounded to float32 once.
 */
export type MergeRule =
  | { readonly kind: 'coordinates'; readonly merge: (columns: MergeColumns) => Float32Array }
  | { readonly kind: 'factors'; readonly factors: (updates: WholeUpdates) => readonly number[] };

const RULES: Readonly<Record<MergeRuleKind, MergeRule>> = {
  'weighted-mean': { kind: 'factors', factors: ({ shares }) => shares },
  'coordinate-median': { kind: 'coordinates', merge: coordinateMedian },
  'trimmed-mean': { kind: 'coordinates', merge: trimmedMean },
  krum: { kind: 'factors', factors: krum },
  'multi-krum': { kind: 'factors', factors: multiKrum },
  'centred-clipping': { kind: 'factors', factors: centredClipping },
};

/** The rule a run definition names. */
export function mergeRuleOf(kind: MergeRuleKind): MergeRule {
  return RULES[kind];
}
