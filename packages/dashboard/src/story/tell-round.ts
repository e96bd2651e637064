import type { Ledger } from '@connito/ledger';
import {
  evaluationSeedBlock,
  type MinerOutcome,
  type Report,
  roundWindow,
  type Schedule,
  submissionOf,
  type Uid,
  WINDOW_NAMES,
  windowOf,
  ZERO_STEP,
} from '@connito/protocol';
import {
  type MinerRecord,
  type RoundEvidence,
  type RoundReaders,
  type RunContext,
  readEvidence,
  reasonOf,
  type ValidatorRecord,
} from '@connito/run';
import type { MinerStory, OutcomeStory, RoundStory, ValidatorStory } from './round-story.ts';

/** Reads a finished round and puts down what each of its figures rests on. Fails as `readRound` does. */
export async function tellRound(
  context: RunContext,
  readers: RoundReaders,
  round: number,
  signal?: AbortSignal,
): Promise<RoundStory> {
  const { schedule } = context.definition;
  const evidence = await readEvidence(context, readers, round, signal);
  const { record } = evidence;
  const seedBlock = evaluationSeedBlock(round, schedule);
  const { firstBlock, lastBlock } = roundWindow(round, schedule);
  return {
    round,
    outcome: record.outcome,
    state: record.state,
    parent: (await readers.chain.stateBefore(round, signal)).hash,
    agreed: record.agreed,
    firstBlock,
    lastBlock,
    seed: { block: seedBlock, hash: (await context.ledger.block(seedBlock, signal)).hash },
    windows: await windowsOf(context.ledger, round, schedule, signal),
    groups: groupsOf(context, evidence),
    miners: record.miners.map((miner) => minerStory(context, evidence, miner)),
    validators: record.validators.map((validator) => validatorStory(context, evidence, validator)),
  };
}

async function windowsOf(
  ledger: Ledger,
  round: number,
  schedule: Schedule,
  signal?: AbortSignal,
): Promise<RoundStory['windows']> {
  const windows: RoundStory['windows'] = [];
  let startedAtMs = (await ledger.block(roundWindow(round, schedule).firstBlock - 1, signal)).timestampMs;
  for (const name of WINDOW_NAMES) {
    const { firstBlock, lastBlock } = windowOf(round, name, schedule);
    const endedAtMs = (await ledger.block(lastBlock, signal)).timestampMs;
    windows.push({ name, firstBlock, lastBlock, startedAtMs, endedAtMs });
    startedAtMs = endedAtMs;
  }
  return windows;
}

function minerStory(context: RunContext, evidence: RoundEvidence, miner: MinerRecord): MinerStory {
  const { record, notes, verdict } = evidence;
  const { schedule } = context.definition;
  const commit = submissionOf(notes, miner.hotkey, 'commit', record.round, schedule);
  const reveal = submissionOf(notes, miner.hotkey, 'reveal', record.round, schedule);
  const { uid, hotkey, group, domain, detail, creditShare, mergeWeight, incentive, bytesSent } = miner;
  return {
    uid,
    hotkey,
    group,
    domain,
    scoreNanoNats: miner.scoreNanoNats,
    reason: reasonOf(record, miner),
    detail,
    lowerNanoNats: miner.interval?.[0] ?? null,
    upperNanoNats: miner.interval?.[1] ?? null,
    marginalNanoNats: miner.marginalNanoNats,
    creditShare,
    mergeWeight,
    incentive,
    bytesSent,
    commit:
      commit.kind === 'submitted'
        ? { block: commit.block, index: commit.index, commitment: commit.note.commitment }
        : null,
    reveal:
      reveal.kind === 'submitted'
        ? { block: reveal.block, index: reveal.index, document: reveal.note.document }
        : null,
    outcomes: [...verdict.reports].flatMap(([validator, report]) =>
      report.outcomes
        .filter((outcome) => outcome.uid === uid)
        .map((outcome) => outcomeStory(validator, outcome)),
    ),
  };
}

function outcomeStory(validator: Uid, outcome: MinerOutcome): OutcomeStory {
  const domain = outcome.kind === 'scored' || outcome.kind === 'futile' ? outcome.domain : null;
  const scored = outcome.kind === 'scored' ? outcome : null;
  return {
    validator,
    kind: outcome.kind,
    reason: outcome.reason,
    why: outcome.kind === 'invalid' ? outcome.why : null,
    sequences: domain?.n ?? null,
    meanNanoNats: domain?.meanNanoNats ?? null,
    lowerNanoNats: domain?.lowerNanoNats ?? null,
    upperNanoNats: domain?.upperNanoNats ?? null,
    generalRiseNanoNats: scored?.generalRise.meanNanoNats ?? null,
    worstRiseNanoNats: scored?.worstGeneralRiseNanoNats ?? null,
    chargeNanoNats: scored?.chargeNanoNats ?? null,
    scoreNanoNats: scored?.scoreNanoNats ?? null,
    copyOf: scored?.duplicate?.of ?? null,
  };
}

function validatorStory(
  context: RunContext,
  { record, notes, verdict }: RoundEvidence,
  { uid, hotkey, stake, dividends }: ValidatorRecord,
): ValidatorStory {
  const { schedule } = context.definition;
  const { round } = record;
  const report = submissionOf(notes, hotkey, 'report', round, schedule);
  const attest = submissionOf(notes, hotkey, 'attest', round, schedule);
  const vote = submissionOf(notes, hotkey, 'vote', round, schedule);
  const state = submissionOf(notes, hotkey, 'state', round, schedule);
  const { firstBlock } = windowOf(round, 'evaluate', schedule);
  const placed = report.kind === 'missing' ? null : report;
  const counted = verdict.reports.get(uid);
  return {
    uid,
    hotkey,
    stake: `${stake}`,
    dividends,
    report: {
      status:
        counted !== undefined
          ? 'in_time'
          : report.kind === 'submitted'
            ? 'not_counted'
            : report.kind === 'late'
              ? 'late'
              : 'missing',
      place: placed === null ? null : { block: placed.block, index: placed.index },
      document: placed?.note.report ?? null,
      blocksUsed: placed === null ? null : placed.block - firstBlock + 1,
    },
    attest: attest.kind === 'submitted' ? { block: attest.block, index: attest.index } : null,
    vote:
      vote.kind === 'submitted'
        ? { block: vote.block, index: vote.index, mergeReport: vote.note.mergeReport }
        : null,
    state:
      state.kind === 'submitted'
        ? { block: state.block, index: state.index, state: state.note.state, document: state.note.document }
        : null,
    agreement: agreementOf(record.miners, counted?.outcomes ?? []),
    sequencesMeasured: counted === undefined ? 0 : sequencesIn(counted),
  };
}

/** Scores of a duplicate, an invalid or a hopeless update count as zero, as in the agreed score. */
function agreementOf(
  miners: readonly MinerRecord[],
  outcomes: readonly MinerOutcome[],
): ValidatorStory['agreement'] {
  let judged = 0;
  let same = 0;
  const deviations: number[] = [];
  for (const outcome of outcomes) {
    const agreed = miners.find(({ uid }) => uid === outcome.uid)?.scoreNanoNats ?? null;
    if (outcome.kind === 'abstained' || agreed === null) continue;
    const own = outcome.kind === 'scored' && outcome.duplicate === null ? outcome.scoreNanoNats : 0;
    judged += 1;
    if (own > 0 === agreed > 0) same += 1;
    if (own > 0 || agreed > 0) deviations.push(Math.abs(own - agreed));
  }
  const sum = deviations.reduce((total, deviation) => total + deviation, 0);
  return { judged, same, meanDeviationNanoNats: deviations.length === 0 ? null : sum / deviations.length };
}

function sequencesIn({ baselines, outcomes }: Report): number {
  const before = baselines.reduce(
    (sum, { domainBefore, generalBefore, generalBase }) =>
      sum + domainBefore.length + generalBefore.length + generalBase.length,
    0,
  );
  return outcomes.reduce((sum, outcome) => {
    if (outcome.kind === 'scored') return sum + outcome.domainAfter.length + outcome.generalAfter.length;
    return outcome.kind === 'futile' ? sum + outcome.domainAfter.length : sum;
  }, before);
}

function groupsOf(
  { definition }: RunContext,
  { record, facts, notes, credit }: RoundEvidence,
): RoundStory['groups'] {
  return record.groups.map(({ group, domain, mergedUpdates, scale }) => {
    const number = definition.groups.findIndex(({ id }) => id === group);
    const votes = facts.validators.flatMap(({ uid, hotkey }) => {
      const vote = submissionOf(notes, hotkey, 'vote', record.round, definition.schedule);
      if (vote.kind !== 'submitted') return [];
      const index = vote.note.scales[number] ?? ZERO_STEP;
      const measured = credit.mergeReports.get(uid)?.groups.find((candidate) => candidate.group === group);
      return [
        {
          validator: uid,
          scale: index === ZERO_STEP ? null : (definition.merge.scales[index] ?? null),
          measured: (measured?.scales ?? []).map((row) => ({
            scale: row.scale,
            gainNanoNats: row.gainMeanNanoNats,
            gainLowerNanoNats: row.gainLowerNanoNats,
            generalRiseNanoNats: row.generalRiseMeanNanoNats,
          })),
        },
      ];
    });
    return { group, domain, mergedUpdates, scale, votes };
  });
}
