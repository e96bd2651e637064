import type { Reason } from '@connito/protocol';
import type { LabModel } from './lab-run.ts';
import { meanDividends, meanEarned, type Outcome, reasonsOf } from './outcome.ts';
import type { ReplayOutcome } from './replay/replay.ts';
import { ALWAYS, hostileShare, lossShift, lostShare, relativePay } from './requirements.ts';
import type { Compared, Scenario } from './scenario.ts';

/**
 * `withstood`: every required outcome was met. `open`: not all, as the scenario says beforehand. `failed`: not all. `measured`:
 * nothing is required.
 */
export type Verdict = 'withstood' | 'open' | 'failed' | 'measured';

/** What replayed updates came to under one merge rule. Pay is a part of the group's, as a mean for each miner and round. */
export type ReplayResult = ReplayOutcome & {
  readonly kind: 'replay';
  readonly name: string;
  readonly attack: string | null;
  readonly model: LabModel;
  readonly rule: string;
  readonly hostileShare: number;
  readonly lossShift: number;
  readonly lostShare: number;
  readonly caughtBy: string | null;
  readonly verdict: Verdict;
  readonly finishedAt: string;
};

/** What a scenario came to, as it is stored. Pay is a part of all miners' pay, as a mean for each miner and round. */
export type ScenarioResult = {
  readonly kind: 'live';
  readonly name: string;
  readonly family: Scenario['family'];
  readonly attack: string;
  /** What the network trained. */
  readonly model: LabModel;
  readonly rule: string;
  /** Part of the attacked network's miners that are hostile. */
  readonly hostileShare: number;
  readonly miners: number;
  readonly validators: number;
  readonly rounds: number;
  readonly hostileEarned: number;
  readonly honestEarned: number;
  /** Pay of the hostile for each training they paid for, over that of an honest miner. */
  readonly relativePay: number;
  /** Dividends of a hostile and of an honest validator, as parts of all; null where no validator is hostile. */
  readonly dividends: { readonly hostile: number; readonly honest: number } | null;
  /** Final loss less the clean network's, nats per token; positive is worse. */
  readonly lossShift: number;
  /** The same as a part of what the clean network learned. */
  readonly lostShare: number;
  /** The most frequent reason of the hostile miners' zeros, else what stops the attack; null where nothing did. */
  readonly caughtBy: string | null;
  /** Reasons of each hostile role's zeros and how often. */
  readonly reasons: readonly { readonly as: string; readonly reasons: Readonly<Record<string, number>> }[];
  readonly checks: readonly { readonly says: string; readonly met: boolean }[];
  readonly verdict: Verdict;
  readonly notWithstood: string | null;
  readonly outcome: Outcome;
  readonly seconds: number;
  /** ISO 8601. */
  readonly finishedAt: string;
};

export function resultOf(
  compared: Compared,
  rule: string,
  { seconds, finishedAt }: Pick<ScenarioResult, 'seconds' | 'finishedAt'>,
): ScenarioResult {
  const { scenario, outcome } = compared;
  const {
    name,
    family,
    attack,
    model = 'foundation',
    rounds,
    must,
    notWithstood = null,
    defence = null,
  } = scenario;
  const hostile = outcome.miners.filter((miner) => miner.hostile);
  const honest = outcome.miners.filter((miner) => !miner.hostile);
  const checks = [...must, ...ALWAYS].map(({ says, holds }) => ({ says, met: holds(compared) }));
  const isMet = checks.every(({ met }) => met);
  const [mostFrequent] = reasonsOf(hostile);
  const lying = outcome.validators.filter((validator) => validator.hostile);
  return {
    kind: 'live',
    ...{ name, family, attack, model, rule, rounds, notWithstood, checks, outcome, seconds, finishedAt },
    hostileShare: hostileShare(compared),
    miners: outcome.miners.length,
    validators: outcome.validators.length,
    hostileEarned: meanEarned(hostile),
    honestEarned: meanEarned(honest),
    relativePay: hostile.length === 0 ? 0 : relativePay(compared),
    dividends:
      lying.length === 0
        ? null
        : {
            hostile: meanDividends(lying),
            honest: meanDividends(outcome.validators.filter((validator) => !validator.hostile)),
          },
    lossShift: lossShift(compared),
    lostShare: lostShare(compared),
    caughtBy: defence ?? mostFrequent?.[0] ?? null,
    reasons: [...new Set(hostile.map(({ as }) => as))].map((as) => ({
      as,
      reasons: Object.fromEntries(reasonsOf(hostile.filter((miner) => miner.as === as))) as Record<
        Reason,
        number
      >,
    })),
    verdict: isMet ? 'withstood' : notWithstood === null ? 'failed' : 'open',
  };
}
