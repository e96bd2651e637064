import { readFileSync } from 'node:fs';
import type { Block, Ledger, LedgerNote, Neuron } from '@connito/ledger';
import {
  type ArtifactHash,
  encodeNote,
  type Hotkey,
  type Note,
  parseRunDefinition,
  roundWindow,
  runIdOf,
  type StateHash,
  type Uid,
  windowOf,
} from '@connito/protocol';
import type { ArtifactStore } from '@connito/store';
import { expect, test } from 'vitest';
import { CanonicalChain } from './canonical-chain.ts';
import type { RunContext } from './context.ts';
import { type DeclarationLog, Participants } from './round-facts.ts';

const EXAMPLE = new URL('../../protocol/src/fixtures/run-definition.json', import.meta.url);
const ROUNDS = 400;
const GENESIS = '0'.repeat(64) as StateHash;
const VALIDATOR = '5Validator' as Hotkey;
const MINER = '5Miner' as Hotkey;

const definition = parseRunDefinition(JSON.parse(readFileSync(EXAMPLE, 'utf8')));
const { schedule } = definition;
const hashOf = (round: number) => round.toString(16).padStart(64, 'a');
const isVoid = (round: number) => round % 5 >= 3;

/** A ledger of one validator that votes in three rounds of five, and a miner that declares anew every hundred rounds. */
function longLedger(): { context: RunContext; blocksRead: () => number } {
  const notes: LedgerNote[] = [];
  const put = (hotkey: Hotkey, block: number, note: Note): void => {
    notes.push({ hotkey, block, index: 0, data: encodeNote(note) });
  };
  for (let round = 0; round < ROUNDS; round++) {
    const { firstBlock } = windowOf(round, 'commit', schedule);
    if (round % 100 === 0) put(MINER, firstBlock, { kind: 'declare', groups: [round % 200 === 0 ? 0 : 1] });
    const block = windowOf(round, 'state', schedule).firstBlock;
    const state = hashOf(round) as StateHash;
    if (!isVoid(round))
      put(VALIDATOR, block, { kind: 'state', round, state, document: state as string as ArtifactHash });
  }
  const head = { number: roundWindow(ROUNDS, schedule).lastBlock } as Block;
  const neurons = [
    { uid: 0 as Uid, hotkey: VALIDATOR, stake: 10n, validatorPermit: true },
    { uid: 1 as Uid, hotkey: MINER, stake: 0n, validatorPermit: false },
  ] as Neuron[];
  let blocks = 0;
  const ledger: Partial<Ledger> = {
    head: async () => head,
    neurons: async () => neurons,
    notes: async (from, to) => {
      blocks += to - from + 1;
      return notes.filter(({ block }) => block >= from && block <= to);
    },
  };
  const context = {
    definition,
    run: runIdOf(definition),
    ledger: ledger as Ledger,
    store: {} as ArtifactStore,
  };
  return { context, blocksRead: () => blocks };
}

/** A log with nothing to read up to a block. */
function logUpTo(readUpTo: number): DeclarationLog {
  return { readUpTo, declarations: [], add: () => undefined };
}

test('a state is known from its own round, and from those before it that are void', async () => {
  const { context, blocksRead } = longLedger();
  const { firstBlock, lastBlock } = roundWindow(ROUNDS - 1, schedule);
  const participants = new Participants(context, logUpTo(lastBlock));
  const chain = new CanonicalChain(context, participants, GENESIS);
  const outcome = await chain.outcomeOf(ROUNDS - 1);
  expect(outcome).toMatchObject({ outcome: 'void', state: { hash: hashOf(ROUNDS - 3) } });
  expect(blocksRead()).toBeLessThanOrEqual(3 * (lastBlock - firstBlock + 1));
});

test('outcomes are the same in whatever order rounds are asked for, also at the same time', async () => {
  const { context } = longLedger();
  const { lastBlock } = roundWindow(ROUNDS - 1, schedule);
  const ask = async (rounds: readonly number[]) => {
    const chain = new CanonicalChain(context, new Participants(context, logUpTo(lastBlock)), GENESIS);
    const outcomes = await Promise.all(rounds.map((round) => chain.outcomeOf(round)));
    return new Map(rounds.map((round, i) => [round, outcomes[i]!]));
  };
  const rounds = Array.from({ length: 20 }, (_, round) => round);
  const forwards = await ask(rounds);
  const backwards = await ask(rounds.toReversed());
  for (const round of rounds) {
    const canonical = round - (isVoid(round) ? (round % 5) - 2 : 0);
    expect(forwards.get(round)!.state.hash).toBe(hashOf(canonical));
    expect(backwards.get(round)).toEqual(forwards.get(round));
  }
});

test('a run that never agreed still has its first state', async () => {
  const { context } = longLedger();
  const silent = { ...context, ledger: { ...context.ledger, notes: async () => [] } };
  const chain = new CanonicalChain(silent, new Participants(silent), GENESIS);
  expect((await chain.outcomeOf(7)).state.hash).toBe(GENESIS);
});

test('declarations are read once, also by two who ask at the same time', async () => {
  const { context, blocksRead } = longLedger();
  const first = new Participants(context);
  const facts = await Promise.all([first.of(ROUNDS), first.of(ROUNDS)]);
  const before = roundWindow(ROUNDS, schedule).firstBlock;
  expect(blocksRead()).toBe(before);
  expect(facts[0]!.assignments).toEqual(facts[1]!.assignments);
  // The last declaration, of round 300, is for group 1.
  expect(facts[0]!.assignments.get(1 as Uid)!.group).toBe(definition.groups[1]!.id);
});
