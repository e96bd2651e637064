import type { Neuron } from '@connito/ledger';
import {
  isInWindow,
  type PhasePoint,
  type RoundNoteKind,
  roundLengthBlocks,
  roundWindow,
  submissionOf,
  WINDOW_NAMES,
  type WindowName,
  windowOf,
} from '@connito/protocol';
import type { NoteState, NowAnswer } from '../api/schemas/now.ts';
import { dutiesOf } from '../live/duties.ts';
import type { OpenRound } from '../live/network-watch.ts';
import { expectedSeconds } from './expected-seconds.ts';
import { healthOf, type LiveSource } from './health.ts';
import { nameOf, rowsOf, type ViewSource } from './source.ts';

/** Where the network is in its round, and who has done what so far. */
export function nowView(source: LiveSource): NowAnswer {
  const { definition } = source.context;
  const { watch, clock } = source;
  const { point, openRound } = watch;
  const expected = expectedSeconds(source);
  const window = windowNameOf(point);
  return {
    atMs: clock.nowMs(),
    health: healthOf(source),
    point: point === null ? null : pointOf(source, point, window),
    windows: WINDOW_NAMES.map((name) => ({
      name,
      blocks: definition.schedule[name],
      secondsExpected: expected.seconds.get(name) ?? null,
    })),
    expectationRounds: expected.rounds,
    duties: dutiesOf(window),
    miners: openRound === null ? [] : openMiners(source, openRound),
    validators: openRound === null ? [] : openValidators(source, openRound),
  };
}

function windowNameOf(point: PhasePoint | null): WindowName | null {
  if (point === null || point.phase === 'waiting') return null;
  return point.phase === 'merge' ? point.step : point.phase;
}

function pointOf(
  { context, watch }: LiveSource,
  point: PhasePoint,
  window: WindowName | null,
): NonNullable<NowAnswer['point']> {
  const { schedule } = context.definition;
  const block = watch.head!.number + 1;
  const round = point.phase === 'waiting' ? null : point.round;
  return {
    block,
    round,
    phase: point.phase,
    step: point.phase === 'merge' ? point.step : null,
    window,
    blocksLeft: point.blocksLeft,
    roundBlocks: roundLengthBlocks(schedule),
    blocksDone: round === null ? 0 : block - roundWindow(round, schedule).firstBlock,
    windowStartedAtMs: watch.windowStartedAtMs,
  };
}

/** A note's window: whether it is over, open, or still to come. */
function stateOf(
  source: LiveSource,
  { facts, notes }: OpenRound,
  { hotkey }: Neuron,
  kind: RoundNoteKind,
  window: WindowName,
): { readonly state: NoteState; readonly block: number | null } {
  const { schedule } = source.context.definition;
  const found = submissionOf(notes, hotkey, kind, facts.round, schedule);
  if (found.kind === 'submitted') return { state: 'done', block: found.block };
  const open = (source.watch.head?.number ?? 0) + 1;
  const blocks = windowOf(facts.round, window, schedule);
  if (isInWindow(open, blocks)) return { state: 'due', block: null };
  return { state: open < blocks.firstBlock ? 'later' : 'missed', block: null };
}

function openMiners(source: LiveSource, round: OpenRound): NowAnswer['miners'] {
  const last = lastOutcomes(source);
  return round.facts.miners.map((neuron) => {
    const { uid, hotkey } = neuron;
    const group = round.facts.assignments.get(uid)?.group ?? null;
    const domain = source.context.definition.groups.find(({ id }) => id === group)?.domain ?? '';
    const commit = stateOf(source, round, neuron, 'commit', 'commit');
    const reveal = stateOf(source, round, neuron, 'reveal', 'reveal');
    return {
      uid,
      hotkey,
      name: nameOf(source, hotkey),
      group: group ?? '',
      domain,
      commit: commit.state,
      commitBlock: commit.block,
      // Who did not commit has nothing to reveal.
      reveal: commit.state === 'missed' ? 'idle' : reveal.state,
      revealBlock: reveal.block,
      last: last.get(hotkey) ?? null,
    };
  });
}

function openValidators(source: LiveSource, round: OpenRound): NowAnswer['validators'] {
  return round.facts.validators.map((neuron) => ({
    uid: neuron.uid,
    hotkey: neuron.hotkey,
    name: nameOf(source, neuron.hotkey),
    stake: `${neuron.stake}`,
    report: stateOf(source, round, neuron, 'report', 'evaluate').state,
    attest: stateOf(source, round, neuron, 'attest', 'attest').state,
    vote: stateOf(source, round, neuron, 'vote', 'vote').state,
    state: stateOf(source, round, neuron, 'state', 'state').state,
  }));
}

type LastOutcome = NonNullable<NowAnswer['miners'][number]['last']>;

function lastOutcomes(source: ViewSource): Map<string, LastOutcome> {
  const rows = rowsOf(
    source,
    'SELECT m.round, m.score, m.reason, h.hotkey FROM miner_round m JOIN hotkey h ON h.id = m.miner WHERE m.round = (SELECT max(round) FROM round)',
  );
  return new Map(
    rows.map((row) => [
      String(row.hotkey),
      {
        round: Number(row.round),
        scoreNanoNats: row.score === null ? null : Number(row.score),
        reason: row.reason as LastOutcome['reason'],
      },
    ]),
  );
}
