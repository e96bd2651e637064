import type { MergeParameters } from '../run/run-definition.ts';
import { coordinateMedian } from './coordinate-median.ts';
import type { MergeRule } from './merge-columns.ts';
import { trimmedMean } from './trimmed-mean.ts';
import { weightedMean } from './weighted-mean.ts';

export type MergeRuleKind = MergeParameters['rule'];

const RULES: Readonly<Record<MergeRuleKind, MergeRule>> = {
  'weighted-mean': weightedMean,
  'coordinate-median': coordinateMedian,
  'trimmed-mean': trimmedMean,
};

/** The rule a run definition names. Each rule is one file. */
export function mergeRuleOf(kind: MergeRuleKind): MergeRule {
  return RULES[kind];
}
