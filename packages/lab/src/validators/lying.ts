import {
  type Hotkey,
  type MinerOutcome,
  type Report,
  SeededRandom,
  type StateHash,
  scoreFromNanoNats,
  taggedHash,
  taggedHashHex,
  type Uid,
  utf8,
} from '@connito/protocol';
import { CanonicalChain, Participants, roundNotes, roundVerdict } from '@connito/run';
import { honestValidator, type ValidatorStrategy, type ValidatorTask } from '@connito/validator';
import type { ValidatorBehaviour } from '../network/behaviour.ts';

/** A validator that sends what its strategy says. */
export function validator(strategy: ValidatorStrategy = honestValidator): ValidatorBehaviour {
  return { strategy };
}

/** An honest validator whose model gives no finite loss before any update. */
export function withFailedBaseline(): ValidatorBehaviour {
  return {
    strategy: honestValidator,
    sessionOf: (session) => {
      const { host } = session;
      const openExam: typeof host.openExam = async (exam) => {
        const baseline = await host.openExam(exam);
        return { ...baseline, before: baseline.before.map(() => Number.NaN) };
      };
      return { ...session, host: { ...host, openExam } };
    },
  };
}

/** One hundredth of a nat, which is what an honest miner earns in a good round. */
const PLAUSIBLE_NANO_NATS = 10_000_000;
const ABSURD_NANO_NATS = 1_000_000_000;

/** Scores everybody at random and votes and weighs by nothing else. */
export function randomScores(): ValidatorStrategy {
  return {
    name: 'random-scores',
    report: async (measure, task) => {
      const random = randomOf(task);
      return withScores(await measure(), task, () => random.nextBelow(10 * PLAUSIBLE_NANO_NATS));
    },
    weights: (_, task) => {
      const random = randomOf(task);
      return task.facts.miners.map(({ uid }) => ({ uid, weight: 1 + random.nextBelow(65_535) }));
    },
  };
}

/** Says that only one miner is of use, and pays only that one. */
export function favouring(favourite: (task: ValidatorTask) => Uid): ValidatorStrategy {
  return {
    name: 'favouring',
    report: async (measure, task) =>
      withScores(await measure(), task, (uid) => (uid === favourite(task) ? ABSURD_NANO_NATS : 0)),
    weights: (_, task) => [{ uid: favourite(task), weight: 65_535 }],
  };
}

/** Measures nothing and reports the scores that all agreed on in the round before. */
export function copiedScores(): ValidatorStrategy {
  return {
    name: 'copied-scores',
    report: async (measure, task) => {
      const { context, facts, genesisState } = task;
      const report = await measure();
      if (facts.round === 0) return null;
      const participants = new Participants(context);
      const before = await participants.of(facts.round - 1);
      const notes = await roundNotes(context, facts.round - 1);
      const chain = new CanonicalChain(context, participants, genesisState);
      const base = await chain.stateBefore(facts.round - 1);
      const { scores } = await roundVerdict(context, before, notes, base.hash);
      return withScores(report, task, (uid) => scores.find((score) => score.uid === uid)?.scoreNanoNats ?? 0);
    },
  };
}

/** Reports nothing, and pays what the others' published reports say. */
export const copiedWeights: ValidatorStrategy = { name: 'copied-weights', report: async () => null };

/** Calls every miner but one a copy of that one. */
export function framing(accuser: (task: ValidatorTask) => Uid): ValidatorStrategy {
  return {
    name: 'framing',
    report: async (measure, task) => {
      const report = await measure();
      const of = task.facts.miners.find(({ uid }) => uid === accuser(task))!.hotkey as Hotkey;
      const similarity = {
        weightCosineMillionths: 1_000_000,
        responseCosineMillionths: 1_000_000,
        partialExcessMillionths: 500_000,
        functionalMillionths: 1_000_000,
      };
      return {
        ...report,
        outcomes: report.outcomes.map((outcome) =>
          outcome.kind === 'scored' && outcome.hotkey !== of
            ? { ...outcome, duplicate: { reason: 'duplicate_of', of, round: report.round, ...similarity } }
            : outcome,
        ),
      };
    },
  };
}

/** Commits to a report and shows its bytes to nobody. */
export const withholding: ValidatorStrategy = { name: 'withholding', publishesReport: () => false };

/** Attests to hold nothing of what others sent. */
export const denying: ValidatorStrategy = {
  name: 'denying',
  attest: (honest) => ({ ...honest, reveals: [], reports: [] }),
};

export const withoutWeights: ValidatorStrategy = { name: 'without-weights', weights: () => null };

/** Posts a state that nobody can compute. */
export const wrongState: ValidatorStrategy = {
  name: 'wrong-state',
  state: (honest) => ({
    ...honest,
    state: taggedHashHex('connito/1/lab-wrong-state', utf8(honest.state)) as StateHash,
  }),
};

/** Votes for no step of any group, whatever it measured. */
export const stalling: ValidatorStrategy = {
  name: 'stalling',
  vote: async (measure) => {
    const measured = await measure();
    return { ...measured, scales: measured.scales.map(() => 255) };
  },
};

/** Out of reach in some rounds: neither reads nor sends. */
export function away(isAway: (round: number) => boolean): ValidatorBehaviour {
  return { strategy: honestValidator, phaseOf: (point) => (isAway(point.round) ? null : point) };
}

/**
 * The report with another score for each miner whose update could be measured, and losses invented to go with it: a score that
 * its own losses contradict would not count.
 */
function withScores(report: Report, { context }: ValidatorTask, scoreOf: (uid: Uid) => number): Report {
  const { scoring } = context.definition;
  return {
    ...report,
    outcomes: report.outcomes.map((outcome): MinerOutcome => {
      if (outcome.kind === 'abstained' || outcome.kind === 'invalid') return outcome;
      const { uid, hotkey, group } = outcome;
      const baseline = report.baselines.find((candidate) => candidate.group === group)!;
      const { domainBefore, generalBefore } = baseline;
      const measured = outcome.domainAfter.length;
      const domainAfter = [...outcome.domainAfter, ...domainBefore.slice(measured)];
      const generalAfter = outcome.kind === 'scored' ? outcome.generalAfter : generalBefore;
      const scoreOfLosses = (after: readonly number[]) =>
        scoreFromNanoNats(
          {
            domainBefore: Float64Array.from(domainBefore),
            domainAfter: Float64Array.from(after),
            generalBase: Float64Array.from(baseline.generalBase),
            generalBefore: Float64Array.from(generalBefore),
            generalAfter: Float64Array.from(generalAfter),
          },
          scoring,
        );
      const honest = scoreOfLosses(domainAfter);
      if (honest.kind !== 'scored') return outcome;
      // Every sequence better by as much moves the bound by as much.
      const shift = scoreOf(uid) - (honest.domain.lowerNanoNats - honest.chargeNanoNats);
      const invented = domainAfter.map((loss) => loss - shift);
      const score = scoreOfLosses(invented);
      if (score.kind !== 'scored') return outcome;
      const duplicate = outcome.kind === 'scored' ? outcome.duplicate : null;
      return { ...score, uid, hotkey, group, domainAfter: invented, generalAfter, duplicate };
    }),
  };
}

function randomOf({ context, facts }: ValidatorTask): SeededRandom {
  return new SeededRandom(taggedHash('connito/1/lab-validator', utf8(`${context.run}/${facts.round}`)));
}
