import { decimalNumber } from '../encoding/decimal.ts';
import type { RunDefinition, ScoringParameters } from '../run/run-definition.ts';
import { pairedDifferences, pairedStatistics } from '../scoring/paired-statistics.ts';
import { integersOf, scoreFromNanoNats } from '../scoring/score-update.ts';
import type { MinerOutcome, Report } from './report.ts';

type Baseline = Report['baselines'][number];
type Measured = Extract<MinerOutcome, { kind: 'scored' | 'futile' }>;

/** A number of a report that does not follow from the losses beside it. */
export type ReportFault = {
  /** Such as `outcomes.7.scoreNanoNats`, with the uid for an index. */
  readonly field: string;
  /** What the report's own losses give; null where they give nothing. */
  readonly expected: number | string | null;
  readonly found: number | string | null;
};

/**
 * The first place where a report contradicts itself, or null: every score, statistic, charge and reason must be what its own
 * losses give, exactly. Needs nothing but the report, so all nodes find the same.
 */
export function reportFault(
  report: Pick<Report, 'baselines' | 'outcomes'>,
  definition: Pick<RunDefinition, 'scoring'>,
): ReportFault | null {
  const groups = new Set(report.baselines.map(({ group }) => group));
  if (groups.size !== report.baselines.length) {
    return { field: 'baselines', expected: groups.size, found: report.baselines.length };
  }
  for (const baseline of report.baselines) {
    const fault = baselineFault(baseline, definition.scoring);
    if (fault !== null) return fault;
  }
  for (const outcome of report.outcomes) {
    if (outcome.kind !== 'scored' && outcome.kind !== 'futile') continue;
    const baseline = report.baselines.find(({ group }) => group === outcome.group);
    if (baseline === undefined) {
      return { field: `outcomes.${outcome.uid}.group`, expected: null, found: outcome.group };
    }
    const fault = outcomeFault(outcome, baseline, definition.scoring);
    if (fault !== null) return { ...fault, field: `outcomes.${outcome.uid}.${fault.field}` };
  }
  return null;
}

function baselineFault(baseline: Baseline, scoring: ScoringParameters): ReportFault | null {
  const { domainSequences, generalSequences } = scoring;
  const sizes = [
    ['domainDocuments', domainSequences],
    ['domainBefore', domainSequences],
    ['generalDocuments', generalSequences],
    ['generalBase', generalSequences],
    ['generalBefore', generalSequences],
  ] as const;
  for (const [name, expected] of sizes) {
    const found = baseline[name].length;
    if (found !== expected) return { field: `baselines.${baseline.group}.${name}.length`, expected, found };
  }
  return null;
}

function outcomeFault(outcome: Measured, baseline: Baseline, scoring: ScoringParameters): ReportFault | null {
  const measured = outcome.domainAfter.length;
  if (outcome.kind === 'futile') {
    const { futilityAfter, domainSequences } = scoring;
    if (measured < futilityAfter || measured >= domainSequences) {
      return { field: 'domainAfter.length', expected: futilityAfter, found: measured };
    }
    const differences = pairedDifferences(
      Float64Array.from(baseline.domainBefore.slice(0, measured)),
      Float64Array.from(outcome.domainAfter),
    );
    const domain = integersOf(pairedStatistics(differences, decimalNumber(scoring.falseRewardRate)));
    return firstDifference({ domain }, outcome);
  }
  const sizes = [
    ['domainAfter', scoring.domainSequences],
    ['generalAfter', scoring.generalSequences],
  ] as const;
  for (const [name, expected] of sizes) {
    const found = outcome[name].length;
    if (found !== expected) return { field: `${name}.length`, expected, found };
  }
  const score = scoreFromNanoNats(
    {
      domainBefore: Float64Array.from(baseline.domainBefore),
      domainAfter: Float64Array.from(outcome.domainAfter),
      generalBase: Float64Array.from(baseline.generalBase),
      generalBefore: Float64Array.from(baseline.generalBefore),
      generalAfter: Float64Array.from(outcome.generalAfter),
    },
    scoring,
  );
  return firstDifference(score, outcome);
}

/** The first field of `expected`, nested ones by path, that `found` states differently. */
function firstDifference(expected: object, found: object): ReportFault | null {
  const stated = new Map(Object.entries(found));
  for (const [field, value] of Object.entries(expected)) {
    const other: unknown = stated.get(field);
    if (typeof value === 'object' && value !== null) {
      const inner = firstDifference(value, (other ?? {}) as object);
      if (inner !== null) return { ...inner, field: `${field}.${inner.field}` };
    } else if (other !== value) {
      return { field, expected: value, found: (other ?? null) as number | string | null };
    }
  }
  return null;
}
