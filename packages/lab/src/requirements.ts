import type { Reason } from '@connito/protocol';
import { type MinerStory, meanDividends, meanEarned } from './outcome.ts';
import type { Compared } from './scenario.ts';

/** Something a scenario's outcome must show. */
export type Requirement = {
  readonly says: string;
  readonly holds: (compared: Compared) => boolean;
};

/**
 * How much of what a clean network learns an attack by at most 30 % of a group's miners may take away under the default merge
 * rule.
 */
export const MAX_LOST_SHARE = 0.25;
/** Pay of equal work differs between miners by their shares of the data; means over a few rounds by less than this. */
export const EQUAL_PAY_MARGIN = 1.1;
/** Losses of equal states are equal on one build. */
const EQUAL_LOSS_NATS = 1e-9;

/** Mean over domains of final loss less that of the clean network, nats per token; positive is worse. */
export function lossShift({ outcome, clean }: Pick<Compared, 'outcome' | 'clean'>): number {
  const domains = Object.keys(clean.lossAfter);
  const shifts = domains.map((domain) => outcome.lossAfter[domain]! - clean.lossAfter[domain]!);
  return shifts.reduce((sum, shift) => sum + shift, 0) / domains.length;
}

/** The shift as a part of what the clean network learned. */
export function lostShare({ outcome, clean }: Pick<Compared, 'outcome' | 'clean'>): number {
  const learned = Object.keys(clean.lossAfter).map(
    (domain) => clean.lossBefore[domain]! - clean.lossAfter[domain]!,
  );
  return lossShift({ outcome, clean }) / (learned.reduce((sum, fall) => sum + fall, 0) / learned.length);
}

export function hostileShare({ outcome }: Pick<Compared, 'outcome'>): number {
  return outcome.miners.filter(({ hostile }) => hostile).length / outcome.miners.length;
}

const hostileOf = ({ outcome }: Compared): readonly MinerStory[] =>
  outcome.miners.filter(({ hostile }) => hostile);
const honestOf = ({ miners }: Compared['outcome']): readonly MinerStory[] =>
  miners.filter(({ hostile }) => !hostile);

/** Pay of the hostile miners for each training they paid for, as a part of an honest miner's pay. */
export function relativePay(compared: Compared): number {
  const hostile = hostileOf(compared);
  const trainings = compared.scenario.trainings ?? hostile.length;
  return (meanEarned(hostile) * hostile.length) / trainings / meanEarned(honestOf(compared.outcome));
}

/** In no scenario may honest validators disagree, or a round stand that no quorum posted. */
export const neverForked: Requirement = {
  says: 'honest validators never post different states',
  holds: ({ outcome }) =>
    outcome.rounds.every(({ outcome: kind, state }, round) => {
      const posted = new Set(
        outcome.validators.flatMap(({ hostile, rounds }) =>
          hostile || rounds[round]!.state === null ? [] : [rounds[round]!.state],
        ),
      );
      return posted.size <= 1 && (kind === 'void' || posted.has(state));
    }),
};

export const noBetterPaid: Requirement = {
  says: 'for the same compute, no hostile miner earns more than an honest one',
  holds: (compared) => hostileOf(compared).length === 0 || relativePay(compared) <= EQUAL_PAY_MARGIN,
};

export const boundedShift: Requirement = {
  says: `with at most 30 % of the miners and less than half of the validators hostile, at most ${100 * MAX_LOST_SHARE} % of what a clean network learns is lost`,
  holds: (compared) => {
    const { validators } = compared.outcome;
    const lying = validators.filter(({ hostile }) => hostile).length;
    const isMeant = hostileShare(compared) <= 0.3 && 2 * lying < validators.length;
    return !isMeant || lostShare(compared) <= MAX_LOST_SHARE;
  },
};

/** What must hold in every scenario. */
export const ALWAYS: readonly Requirement[] = [neverForked, noBetterPaid, boundedShift];

export const earnsNothing: Requirement = {
  says: 'the hostile miners earn nothing',
  holds: (compared) => hostileOf(compared).every(({ rounds }) => rounds.every(({ earned }) => earned === 0)),
};

/** From a round on, everything that the miners called `as` do has one of some reasons for its zero. */
export function caught(reasons: readonly Reason[], as?: string, fromRound = 0): Requirement {
  return {
    says: `${as ?? 'each hostile miner'} is caught: ${reasons.join(' or ')}`,
    holds: (compared) => {
      const meant = hostileOf(compared).filter((miner) => as === undefined || miner.as === as);
      return (
        meant.length > 0 &&
        meant.every(({ rounds }) =>
          rounds
            .slice(fromRound)
            .every(({ reason, earned }) => reason !== null && reasons.includes(reason) && earned === 0),
        )
      );
    },
  };
}

/** The attack leaves no trace: honest miners are scored as in the clean network, and the model is the same, bit for bit. */
export const nothingChanged: Requirement = {
  says: 'honest scores and the final state are those of the clean network',
  holds: ({ outcome, clean }) =>
    outcome.rounds.at(-1)!.state === clean.rounds.at(-1)!.state &&
    Math.abs(lossShift({ outcome, clean })) <= EQUAL_LOSS_NATS &&
    honestOf(outcome).every((miner, i) =>
      miner.rounds.every(
        ({ scoreNanoNats }, round) => scoreNanoNats === honestOf(clean)[i]!.rounds[round]!.scoreNanoNats,
      ),
    ),
};

export const honestEarn: Requirement = {
  says: 'every honest miner earns',
  holds: ({ outcome }) => honestOf(outcome).every(({ rounds }) => rounds.some(({ earned }) => earned > 0)),
};

/** In every round at most one of the hostile miners is paid. */
export const oneAtMostEarns: Requirement = {
  says: 'at most one of the keys earns in a round',
  holds: (compared) =>
    compared.outcome.rounds.every(
      (_, round) => hostileOf(compared).filter(({ rounds }) => rounds[round]!.earned > 0).length <= 1,
    ),
};

/** From a round on, every domain gets an equal part of the pay, however many miners serve it. */
export function domainsPaidEqually(fromRound: number): Requirement {
  return {
    says: 'every domain gets an equal part of the pay',
    holds: ({ outcome }) => {
      const domains = Object.keys(outcome.lossAfter);
      return outcome.rounds.every(
        (_, round) =>
          round < fromRound ||
          domains.every((domain) => {
            const own = outcome.miners.filter((miner) => miner.domain === domain);
            const paid = own.reduce((sum, { rounds }) => sum + rounds[round]!.earned, 0);
            return Math.abs(paid - 1 / domains.length) < 0.02;
          }),
      );
    },
  };
}

export const allCanonical: Requirement = {
  says: 'every round is canonical',
  holds: ({ outcome }) => outcome.rounds.every((round) => round.outcome === 'canonical'),
};

export function voidOnly(expected: readonly number[]): Requirement {
  return {
    says: `round ${expected.join(', ')} is void, and all others are canonical`,
    holds: ({ outcome }) =>
      outcome.rounds.every(({ outcome: kind }, round) => (kind === 'void') === expected.includes(round)),
  };
}

export const losesDividends: Requirement = {
  says: 'each hostile validator gets less dividends than the honest ones',
  holds: ({ outcome }) => {
    const honest = meanDividends(outcome.validators.filter(({ hostile }) => !hostile));
    const hostile = outcome.validators.filter((validator) => validator.hostile);
    return hostile.every((validator) => meanDividends([validator]) < honest);
  },
};

/** Agreed scores of honest miners stay within a part of what all-honest validators agree on. */
export function scoresMoveAtMost(part: number): Requirement {
  return {
    says: `no agreed score moves by more than ${100 * part} %`,
    holds: ({ outcome, clean }) =>
      honestOf(outcome).every((miner, i) =>
        miner.rounds.every(({ scoreNanoNats }, round) => {
          const expected = honestOf(clean)[i]!.rounds[round]!.scoreNanoNats ?? 0;
          return Math.abs((scoreNanoNats ?? 0) - expected) <= part * expected;
        }),
      ),
  };
}

export function earnsAtMost(part: number): Requirement {
  return {
    says: `for the same compute, the hostile miners earn at most ${100 * part} % of an honest miner’s pay`,
    holds: (compared) => relativePay(compared) <= part,
  };
}
