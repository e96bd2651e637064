import { decimalNumber } from '../encoding/decimal.ts';
import { requireArgument } from '../errors.ts';
import type { Reason } from '../reasons.ts';
import type { ScoringParameters } from '../run/run-definition.ts';
import { toNanoNats } from './nano-nats.ts';
import { type PairedStatistics, pairedDifferences, pairedStatistics } from './paired-statistics.ts';

/** Losses per sequence on the full composed model with its native routing. θ is the round's state, Δ the update. */
export type MeasuredLosses<Losses = ArrayLike<number>> = {
  /** L_j(θ) on the group's held-out sequences. */
  readonly domainBefore: Losses;
  /** L_j(θ + Δ) on the same. */
  readonly domainAfter: Losses;
  /** L_j of the unadapted base model on general sequences. */
  readonly generalBase: Losses;
  /** L_j(θ) on the same. */
  readonly generalBefore: Losses;
  /** L_j(θ + Δ) on the same. */
  readonly generalAfter: Losses;
};

/** Bounds and means of one paired comparison, as integers. */
export type IntegerStatistics = {
  readonly n: number;
  readonly meanNanoNats: number;
  readonly lowerNanoNats: number;
  readonly upperNanoNats: number;
};

export type Score =
  | {
      readonly kind: 'scored';
      /** What the update earns, per token; 0 comes with a reason. */
      readonly scoreNanoNats: number;
      /** Loss reduction on the domain. */
      readonly domain: IntegerStatistics;
      /** Rise of general loss over the base model; negative where it fell. */
      readonly generalRise: IntegerStatistics;
      /** What was deducted for it. */
      readonly chargeNanoNats: number;
      /**
       * What the update itself did to the general sequence it hurt most: max of L_j(θ + Δ) − L_j(θ). For people: pay follows
       * means, and a trigger that no drawn sequence holds does not show here either.
       */
      readonly worstGeneralRiseNanoNats: number;
      readonly reason: 'no_gain' | 'general_regression' | null;
    }
  /** Measurement stopped early; `domain` covers only the sequences measured. */
  | {
      readonly kind: 'futile';
      readonly reason: Extract<Reason, 'futile'>;
      readonly domain: IntegerStatistics;
    }
  | { readonly kind: 'invalid'; readonly reason: Extract<Reason, 'non_finite_loss'> }
  /** The baseline itself could not be measured: this validator's fault, never the miner's. */
  | { readonly kind: 'abstained'; readonly reason: Extract<Reason, 'validator_abstained'> };

/**
 * Proof-of-Loss of one update from losses in nats per token. One non-finite loss after the update makes it invalid: it
 * is neither skipped nor averaged away.
 */
export function scoreUpdate(losses: MeasuredLosses, parameters: ScoringParameters): Score {
  const domainBefore = toNanoNats(losses.domainBefore);
  const generalBase = toNanoNats(losses.generalBase);
  const generalBefore = toNanoNats(losses.generalBefore);
  if (domainBefore === null || generalBase === null || generalBefore === null) {
    return { kind: 'abstained', reason: 'validator_abstained' };
  }
  const domainAfter = toNanoNats(losses.domainAfter);
  const generalAfter = toNanoNats(losses.generalAfter);
  if (domainAfter === null || generalAfter === null) return { kind: 'invalid', reason: 'non_finite_loss' };
  return scoreFromNanoNats(
    { domainBefore, domainAfter, generalBase, generalBefore, generalAfter },
    parameters,
  );
}

/**
 * The score from integer losses, as a report carries them: anyone can recompute it. It is the lower confidence bound of
 * the domain gain, zero below `minGainNanoNats`, less `generalCharge` times the lower bound of the general loss's rise over the base model. The rise
 * is counted from the base, so that small rises cannot add up over rounds. Beyond `maxGeneralLossRiseNanoNats` the score
 * is zero, unless the update itself lowers the general loss: otherwise no update could ever repair a state.
 */
export function scoreFromNanoNats(
  losses: MeasuredLosses<Float64Array>,
  parameters: ScoringParameters,
): Score {
  requireSize('domain', losses.domainBefore, losses.domainAfter, parameters.domainSequences);
  requireSize('general', losses.generalBase, losses.generalAfter, parameters.generalSequences);
  requireSize('general', losses.generalBefore, losses.generalAfter, parameters.generalSequences);
  const rate = decimalNumber(parameters.falseRewardRate);
  const gain = pairedStatistics(pairedDifferences(losses.domainBefore, losses.domainAfter), rate);
  const rise = pairedStatistics(pairedDifferences(losses.generalAfter, losses.generalBase), rate);
  const ownRises = pairedDifferences(losses.generalAfter, losses.generalBefore);
  const ownRise = pairedStatistics(ownRises, rate);

  const chargeNanoNats = Math.round(decimalNumber(parameters.generalCharge) * Math.max(0, rise.lower));
  const earned = Math.floor(gain.lower) - chargeNanoNats;
  const tooLarge = rise.lower > parameters.maxGeneralLossRiseNanoNats && ownRise.mean > 0;
  const reason =
    gain.lower < parameters.minGainNanoNats
      ? 'no_gain'
      : tooLarge || earned <= 0
        ? 'general_regression'
        : null;
  return {
    kind: 'scored',
    scoreNanoNats: reason === null ? earned : 0,
    domain: integersOf(gain),
    generalRise: integersOf(rise),
    chargeNanoNats,
    worstGeneralRiseNanoNats: ownRises.reduce((worst, own) => Math.max(worst, own)),
    reason,
  };
}

/**
 * The outcome of a measurement that `isFutile` ended: losses in nats of the first domain sequences, before and after. A
 * non-finite loss among them is still `non_finite_loss`, not futility.
 */
export function scoreFutile(
  domainBefore: ArrayLike<number>,
  domainAfter: ArrayLike<number>,
  parameters: ScoringParameters,
): Score {
  const before = toNanoNats(domainBefore);
  const after = toNanoNats(domainAfter);
  if (before === null) return { kind: 'abstained', reason: 'validator_abstained' };
  if (after === null) return { kind: 'invalid', reason: 'non_finite_loss' };
  const rate = decimalNumber(parameters.falseRewardRate);
  return {
    kind: 'futile',
    reason: 'futile',
    domain: integersOf(pairedStatistics(pairedDifferences(before, after), rate)),
  };
}

/** Statistics as a report carries them: bounds rounded outwards. */
export function integersOf(statistics: PairedStatistics): IntegerStatistics {
  return {
    n: statistics.n,
    meanNanoNats: Math.round(statistics.mean) + 0,
    lowerNanoNats: Math.floor(statistics.lower) + 0,
    upperNanoNats: Math.ceil(statistics.upper) + 0,
  };
}

function requireSize(what: string, a: Float64Array, b: Float64Array, expected: number): void {
  const fits = a.length === expected && b.length === expected;
  requireArgument(fits, `Expected ${expected} ${what} losses, got ${a.length} and ${b.length}.`);
}
