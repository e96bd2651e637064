import type { Reason } from './reasons.ts';

/** What an update must stand, in the order in which it is tested, with the reasons for failing. */
const CHECKS: readonly { readonly check: string; readonly reasons: readonly Reason[] }[] = [
  { check: 'committed within the window', reasons: ['no_commitment', 'late_commit'] },
  { check: 'revealed within the window', reasons: ['not_revealed', 'late_reveal'] },
  { check: 'reveal document can be fetched', reasons: ['reveal_missing'] },
  { check: 'reveal document is well formed', reasons: ['reveal_malformed'] },
  { check: 'reveal opens the commitment', reasons: ['commitment_mismatch'] },
  { check: 'signed by the hotkey that committed', reasons: ['bad_signature'] },
  { check: 'of this protocol, run and round', reasons: ['wrong_protocol', 'wrong_run', 'wrong_round'] },
  { check: 'for the assigned group, by its own hotkey', reasons: ['wrong_group', 'wrong_hotkey'] },
  { check: 'trained from the canonical state', reasons: ['wrong_base_state'] },
  { check: "encoded with the run's codec", reasons: ['wrong_codec'] },
  { check: "exactly the group's tensors", reasons: ['scope_violation', 'manifest_mismatch'] },
  { check: 'bundle within its bound', reasons: ['bundle_too_large'] },
  { check: 'bundle can be fetched', reasons: ['bundle_missing'] },
  { check: 'bundle is the committed bytes', reasons: ['bundle_corrupt'] },
  { check: 'every value is finite', reasons: ['non_finite_delta'] },
  { check: 'judged by enough stake', reasons: ['unavailable', 'validator_abstained'] },
  { check: 'every measured loss is finite', reasons: ['non_finite_loss'] },
  { check: 'moves as far as training can', reasons: ['excessive_travel'] },
  { check: 'not the same work as earlier work', reasons: ['duplicate_of', 'stale_delta'] },
  { check: "lowers its domain's loss beyond noise", reasons: ['futile', 'no_gain'] },
  { check: 'does not harm general text', reasons: ['general_regression'] },
];

export type CheckResult = {
  readonly check: string;
  readonly result: 'passed' | 'failed' | 'not reached' | 'unknown';
  readonly reason: Reason | null;
};

/** Reasons of validators that could not judge: they say nothing about the checks before. */
const UNJUDGED: readonly Reason[] = ['unavailable', 'validator_abstained'];

/** How an update fared at each check, from the one reason its score was given. */
export function checkResults(reason: Reason | null): readonly CheckResult[] {
  const failedAt = CHECKS.findIndex(({ reasons }) => reason !== null && reasons.includes(reason));
  return CHECKS.map(({ check }, i): CheckResult => {
    if (failedAt === -1) return { check, result: 'passed', reason: null };
    if (i === failedAt) return { check, result: 'failed', reason };
    const unjudged = reason !== null && UNJUDGED.includes(reason);
    return { check, result: i > failedAt ? 'not reached' : unjudged ? 'unknown' : 'passed', reason: null };
  });
}

/** The check that a reason fails, as in `checkResults`; null for reasons that are no failure of a check. */
export function checkOf(reason: Reason): string | null {
  return CHECKS.find(({ reasons }) => reasons.includes(reason))?.check ?? null;
}
