import { EmbeddedLedger } from '@connito/ledger';
import { silentLog } from '@connito/node';
import {
  type AcceptedUpdate,
  boundedTravel,
  type ConsensusScore,
  consensusScores,
  evaluationSeedBlock,
  fromHex,
  groupCredits,
  type Hotkey,
  type MergeRuleKind,
  type RunDefinition,
  runIdOf,
  SeededRandom,
  selectUpdates,
  taggedHash,
  taggedHashHex,
  type Uid,
  utf8,
  windowOf,
} from '@connito/protocol';
import {
  mergedDeltas,
  type OpenedReveal,
  type RunContext,
  type RunState,
  stateParameters,
  stepGroups,
  TokenSources,
} from '@connito/run';
import { measureMerge, scoreRound } from '@connito/validator';
import { alie, innerProduct, type Poison, signFlip, smallBias } from '../miners/poison.ts';
import { withNoise } from '../miners/update.ts';
import { EQUAL_PAY_MARGIN, MAX_LOST_SHARE } from '../requirements.ts';
import type { ReplayResult } from '../result.ts';
import { type NetworkSetting, reportingLosses } from '../run-network.ts';
import { RECORDED_MINERS, RECORDED_ROUNDS, type Recording, recordedReveals } from './recording.ts';

/** Colluders send one vector; noise of its size keeps them from being copies of each other. */
const disguised =
  (poison: Poison): Poison =>
  (input) =>
    withNoise(poison(input), 1, input.random);

export const REPLAYED_ATTACKS: Readonly<Record<string, Poison>> = {
  alie: disguised(alie(1)),
  'inner-product': disguised(innerProduct()),
  'small-bias': smallBias(0.5),
  'sign-flip': signFlip,
};

/** Hostile ones of the recorded miners under the default rule: 10, 20, 30, 40 and 45 %. The other rules get every second share. */
export const REPLAYED_HOSTILE = [2, 4, 6, 8, 9] as const;
export const REPLAYED_RULES: readonly MergeRuleKind[] = [
  'weighted-mean',
  'trimmed-mean',
  'coordinate-median',
  'krum',
  'multi-krum',
  'centred-clipping',
];

/**
 * A cell measures sixty updates, so all cells on the foundation would take hours. Rules differ in geometry, which a model that
 * learns quickly from made-up texts shows too.
 */
export const REPLAYED_MODEL = 'tiny';

/** What robust rules are told to expect; Krum's own condition `n ≥ 2f + 3` holds for 20 updates. */
const ASSUMED_HOSTILE = '0.4';

/** One combination that is replayed. Without an attack, all recorded miners are honest. */
export type ReplayCell = {
  readonly rule: MergeRuleKind;
  readonly attack: string | null;
  readonly hostile: number;
};

export function cellName({ rule, attack, hostile }: ReplayCell): string {
  return `replay-${attack ?? 'clean'}-${(100 * hostile) / RECORDED_MINERS}-${rule}`;
}

/** All combinations, each rule's honest ones first: shifts are counted from them. */
export const REPLAY_CELLS: readonly ReplayCell[] = REPLAYED_RULES.flatMap((rule) => [
  { rule, attack: null, hostile: 0 },
  ...Object.keys(REPLAYED_ATTACKS).flatMap((attack) =>
    REPLAYED_HOSTILE.filter((_, i) => rule === REPLAYED_RULES[0] || i % 2 === 0).map((hostile) => ({
      ...{ rule, attack, hostile },
    })),
  ),
]);

export type ReplayOutcome = {
  readonly lossBefore: number;
  readonly lossAfter: number;
  /** Part of the group's pay, as a mean for each miner and round. */
  readonly hostileEarned: number;
  readonly honestEarned: number;
  /** Reasons of the hostile ones' zeros. */
  readonly reasons: Readonly<Record<string, number>>;
  /** Step scales that were taken, 0 for none. */
  readonly scales: readonly number[];
};

/**
 * Replays recorded honest updates, the last `hostile` of them turned into attacks, through the validators' own scoring, merge,
 * measurement and credit, by one validator. Later rounds' updates were trained from the recorded network's states, and are
 * applied to the replay's own.
 */
export async function replay(
  cell: ReplayCell,
  recording: Recording,
  setting: NetworkSetting,
  signal: AbortSignal,
): Promise<ReplayOutcome> {
  const { run, model } = setting;
  const definition = withRule(run.definition, cell.rule);
  using ledger = EmbeddedLedger.open({ path: ':memory:', genesis: { networkName: 'replay', netuid: 102 } });
  const [first] = recording.rounds[0]!;
  const context = contextOf(definition, run.store, ledger, first!.hotkey);
  const session = { ...model.session(), genesis: model.session().genesis };
  const sources = new TokenSources(context);
  const validator = 0 as Uid;
  const stakes = new Map([[validator, 1n]]);
  const domain = definition.groups[0]!.domain;

  let state: RunState = session.genesis;
  const lossBefore = (await reportingLosses(run, model, state))[domain]!;
  const past: { round: number; reveals: Extract<OpenedReveal, { kind: 'valid' }>[] }[] = [];
  const earned: { hostile: boolean; share: number }[] = [];
  const reasons: Record<string, number> = {};
  const scales: number[] = [];
  for (let round = 0; round < RECORDED_ROUNDS; round++) {
    signal.throwIfAborted();
    await session.host.setState(stateParameters(state));
    const reveals = attacked(cell, await recordedReveals({ run }, recording, round), round, definition);
    const history = { before: async () => past.slice(-definition.duplicates.lookbackRounds) };
    const report = await scoreRound(
      { round, validator: first!.hotkey, state, reveals },
      { context, session, sources, history, build: 'lab', log: silentLog },
      signal,
    );
    past.push({ round, reveals });
    const scores = consensusScores([{ validator, outcomes: report.outcomes }], stakes, definition.validators);
    const seedBlock = await context.ledger.block(evaluationSeedBlock(round, definition.schedule));
    const accepted = new Map<ConsensusScore['group'], ConsensusScore[]>();
    const updates = new Map<ConsensusScore['group'], AcceptedUpdate[]>();
    for (const { id } of definition.groups) {
      const own = scores.filter(({ group }) => group === id);
      const chosen = selectUpdates(own, definition.merge.maxUpdates, fromHex(seedBlock.hash, 32));
      if (chosen.length === 0) continue;
      accepted.set(id, chosen);
      const deltaOf = new Map(reveals.map(({ uid, delta }) => [uid, delta]));
      updates.set(
        id,
        chosen.map(({ uid, scoreNanoNats }) => ({ uid, scoreNanoNats, delta: deltaOf.get(uid)! })),
      );
    }
    const { lastBlock } = windowOf(round, 'attest', definition.schedule);
    const { hash: blockHash } = await context.ledger.block(lastBlock);
    const verdict = {
      inputs: { reveals: new Set(reveals.map(({ uid }) => uid)), reports: new Set([validator]) },
      reports: new Map([[validator, report]]),
      refused: new Map(),
      scores,
      accepted,
    };
    const merge = { round, blockHash, state, verdict, updates };
    const measured = await measureMerge(context, session, sources, merge);
    const contributions = new Map(
      measured.groups.flatMap(({ leaveOneOut }) =>
        leaveOneOut.map(({ uid, contributionNanoNats }) => [uid as Uid, contributionNanoNats] as const),
      ),
    );
    const credits = groupCredits(scores, contributions, definition);
    const isHostile = (uid: Uid): boolean =>
      reveals.findIndex((reveal) => reveal.uid === uid) >= RECORDED_MINERS - cell.hostile;
    for (const { uid, group, reason } of scores) {
      earned.push({ hostile: isHostile(uid), share: credits.get(group)?.get(uid) ?? 0 });
      if (reason !== null && isHostile(uid)) reasons[reason] = (reasons[reason] ?? 0) + 1;
    }
    const scaleOf = (group: ConsensusScore['group']): string | null => {
      const vote = measured.scales[definition.groups.findIndex(({ id }) => id === group)]!;
      return definition.merge.scales[vote] ?? null;
    };
    scales.push(Number(scaleOf(definition.groups[0]!.id) ?? 0));
    const groups = stepGroups(context, state, mergedDeltas(context, state, updates), scaleOf);
    const hash = taggedHashHex('connito/1/lab-replay-state', utf8(`${cellName(cell)}/${round}`));
    state = { hash: hash as RunState['hash'], groups };
  }
  const mean = (hostile: boolean): number => {
    const own = earned.filter((entry) => entry.hostile === hostile);
    return own.reduce((sum, { share }) => sum + share, 0) / Math.max(1, own.length);
  };
  const lossAfter = (await reportingLosses(run, model, state))[domain]!;
  const pay = { hostileEarned: mean(true), honestEarned: mean(false) };
  return { lossBefore, lossAfter, ...pay, reasons, scales };
}

/** An outcome beside the same rule's without an attack. Required is only what the default rule is stated to bear. */
export function replayResult(
  cell: ReplayCell,
  outcome: ReplayOutcome,
  clean: Pick<ReplayOutcome, 'lossBefore' | 'lossAfter'>,
  finishedAt: string,
): ReplayResult {
  const hostileShare = cell.hostile / RECORDED_MINERS;
  const lossShift = outcome.lossAfter - clean.lossAfter;
  const lostShare = lossShift / (clean.lossBefore - clean.lossAfter);
  const isRequired = cell.rule === REPLAYED_RULES[0] && cell.attack !== null && hostileShare <= 0.3;
  const isMet =
    lostShare <= MAX_LOST_SHARE && outcome.hostileEarned <= EQUAL_PAY_MARGIN * outcome.honestEarned;
  const [caughtBy = null] = Object.entries(outcome.reasons).sort((a, b) => b[1] - a[1])[0] ?? [];
  return {
    ...outcome,
    ...{ kind: 'replay', name: cellName(cell), attack: cell.attack, rule: cell.rule, hostileShare },
    model: REPLAYED_MODEL,
    ...{ lossShift, lostShare, caughtBy, finishedAt },
    verdict: isRequired ? (isMet ? 'withstood' : 'failed') : 'measured',
  };
}

function withRule(definition: RunDefinition, rule: MergeRuleKind): RunDefinition {
  const { merge } = definition;
  return {
    ...definition,
    merge: { ...merge, rule, hostileFraction: ASSUMED_HOSTILE, maxUpdates: RECORDED_MINERS },
  };
}

/** A context whose only living part is the draw of each block, equal for all cells. */
function contextOf(
  definition: RunDefinition,
  store: RunContext['store'],
  ledger: EmbeddedLedger,
  observer: Hotkey,
): RunContext {
  const block = async (number: number) => {
    const hash = taggedHashHex('connito/1/lab-draw', utf8(`replay/${number}`));
    return { number, hash, parentHash: hash, timestampMs: 0 };
  };
  return { definition, run: runIdOf(definition), ledger: { ...ledger.as(observer), block }, store };
}

/** Poisons are applied to what was recorded, so they are bounded as an opened bundle is. */
function attacked(
  { attack, hostile }: ReplayCell,
  reveals: readonly Extract<OpenedReveal, { kind: 'valid' }>[],
  round: number,
  definition: RunDefinition,
): Extract<OpenedReveal, { kind: 'valid' }>[] {
  if (attack === null) return [...reveals];
  const poison = REPLAYED_ATTACKS[attack]!;
  const colluders = reveals.slice(RECORDED_MINERS - hostile).map(({ delta }) => delta);
  return reveals.map((reveal, i) => {
    if (i < RECORDED_MINERS - hostile) return reveal;
    const random = new SeededRandom(taggedHash('connito/1/lab-miner', utf8(`${reveal.hotkey}/${round}`)));
    const delta = poison({ own: reveal.delta, colluders, random });
    return { ...reveal, delta: boundedTravel(delta, definition) };
  });
}
