import { isFutile, pairedStatistics, type ScoringParameters, scoreFromNanoNats } from '@connito/protocol';
import { type Rate, rateOf, recentred } from './calibration.ts';
import { drawWithoutReplacement, FastRandom } from './seeded.ts';
import type { MeasuredUpdate } from './updates.ts';

/** Sequences measured between two looks at futility. */
const BATCH = 8;

/** What a round would have made of one update, over many draws of its exam. */
export type Paid = {
  readonly kind: string;
  readonly domain: string;
  readonly round: number;
  /** Mean gain on the whole pool in nano-nats; 0 where recentred. */
  readonly gain: number;
  readonly rewarded: Rate;
  /** Stopped early for futility. */
  readonly stopped: Rate;
  /** Rewarded if nothing were stopped early. */
  readonly unstopped: Rate;
  readonly meanScore: number;
};

/**
 * Draws `trials` exams from the measured documents and scores them as a validator does: early stops, the general charge, the
 * whole bound. Validators share one draw and its losses, so their median is this score and not another look.
 */
export function scoreDraws(
  update: MeasuredUpdate,
  parameters: ScoringParameters,
  trials: number,
  options: { readonly recentre: boolean; readonly groups: number; readonly seed: number },
): Paid {
  const { kind, domain, round } = update;
  const n = parameters.domainSequences;
  const rate = Number(parameters.falseRewardRate);
  const gains = options.recentre ? recentred(update.gains).map(Math.round) : Float64Array.from(update.gains);
  const others = options.groups - 1;
  const fromOthers = Math.floor(parameters.generalSequences / 2 / others) * others;
  const untrained = new Float64Array(parameters.generalSequences - fromOthers);
  const fromOther = new Float64Array(fromOthers);
  const pools = [gains, Float64Array.from(update.risesUntrained), Float64Array.from(update.risesOthers)];
  const orders = pools.map((pool) => Uint32Array.from(pool, (_, i) => i));
  const random = new FastRandom(options.seed);
  const drawn = new Float64Array(n);
  const zeros = new Float64Array(parameters.generalSequences);
  const nothing = new Float64Array(n);

  let rewarded = 0;
  let stopped = 0;
  let unstopped = 0;
  let total = 0;
  for (let trial = 0; trial < trials; trial++) {
    drawWithoutReplacement(gains, orders[0]!, drawn, random);
    drawWithoutReplacement(pools[1]!, orders[1]!, untrained, random);
    drawWithoutReplacement(pools[2]!, orders[2]!, fromOther, random);
    const generalAfter = Float64Array.of(...untrained, ...fromOther);
    const score = scoreFromNanoNats(
      {
        domainBefore: drawn,
        domainAfter: nothing,
        generalBase: zeros,
        // Repair of an earlier regression would need the state's own losses; none of these updates comes near the bound.
        generalBefore: zeros,
        generalAfter,
      },
      parameters,
    );
    const earned = score.kind === 'scored' ? score.scoreNanoNats : 0;
    let isStopped = false;
    for (let seen = BATCH; seen < n && !isStopped; seen += BATCH) {
      isStopped = seen >= parameters.futilityAfter && isFutile(drawn.subarray(0, seen), n, rate);
    }
    if (earned > 0) unstopped += 1;
    if (isStopped) stopped += 1;
    else if (earned > 0) {
      rewarded += 1;
      total += earned;
    }
  }
  const of = (count: number): Rate => rateOf([{ trials, rewarded: count }]);
  return {
    ...{ kind, domain, round, gain: options.recentre ? 0 : pairedStatistics(gains, rate).mean },
    ...{ rewarded: of(rewarded), stopped: of(stopped), unstopped: of(unstopped), meanScore: total / trials },
  };
}

/**
 * The mean gain that is rewarded in four of five exams: the update's own differences, moved up or down as a whole, so that
 * their spread stays what it is. In nano-nats.
 */
export function detectableGain(
  update: MeasuredUpdate,
  parameters: ScoringParameters,
  trials: number,
  groups: number,
): number {
  const centred = recentred(update.gains);
  const spread = pairedStatistics(centred, 0.05).standardError * Math.sqrt(centred.length);
  let low = 0;
  let high = 8 * spread;
  for (let step = 0; step < 12; step++) {
    const middle = (low + high) / 2;
    const shifted = { ...update, gains: [...centred].map((value) => Math.round(value + middle)) };
    const noGeneral = { ...shifted, risesUntrained: [0, 0, 0, 0], risesOthers: [0, 0, 0, 0] };
    const padded = parameters.generalSequences;
    const wide = {
      ...noGeneral,
      risesUntrained: new Array<number>(padded).fill(0),
      risesOthers: new Array<number>(padded).fill(0),
    };
    const { rewarded } = scoreDraws(wide, parameters, trials, { recentre: false, groups, seed: 99 });
    if (rewarded.rate < 0.8) low = middle;
    else high = middle;
  }
  return high;
}
