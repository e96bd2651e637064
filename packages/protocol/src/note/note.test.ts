import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ArtifactHash, Hotkey, StateHash, Uid } from '../brand.ts';
import { toHex } from '../encoding/bytes.ts';
import example from '../fixtures/run-definition.json' with { type: 'json' };
import { windowOf } from '../round/phase.ts';
import { parseRunDefinition } from '../run/parse-run-definition.ts';
import { decodeNote, encodeNote, type Note } from './ledger-note.ts';
import { declaredGroups, readNotes, submissionOf, submissionsOf } from './note-log.ts';

const round = fc.nat(0xffff_ffff);
const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(toHex);
const members = (bound: number) =>
  fc.uniqueArray(fc.nat(bound - 1), { maxLength: bound }).map((list) => list.sort((a, b) => a - b));
const uids = members(256).map((list) => list as Uid[]);

const notes: fc.Arbitrary<Note> = fc.oneof(
  fc.record({ kind: fc.constant('declare' as const), groups: members(64) }),
  fc.record({ kind: fc.constant('commit' as const), round, group: fc.nat(63), commitment: hash }),
  fc.record({ kind: fc.constant('reveal' as const), round, document: hash.map((h) => h as ArtifactHash) }),
  fc.record({ kind: fc.constant('report' as const), round, report: hash.map((h) => h as ArtifactHash) }),
  fc.record({ kind: fc.constant('attest' as const), round, reveals: uids, reports: uids }),
  fc.record({
    kind: fc.constant('vote' as const),
    round,
    mergeReport: hash.map((h) => h as ArtifactHash),
    scales: fc.array(fc.nat(255), { maxLength: 64 }),
  }),
  fc.record({
    kind: fc.constant('state' as const),
    round,
    state: hash.map((h) => h as StateHash),
    document: hash.map((h) => h as ArtifactHash),
  }),
);

describe('ledger notes', () => {
  it('fit 128 bytes and decode to what they were', () => {
    fc.assert(
      fc.property(notes, (note) => {
        const data = encodeNote(note);
        expect(data.length).toBeLessThanOrEqual(128);
        expect(decodeNote(data)).toEqual({ kind: 'note', note });
      }),
      { numRuns: 200 },
    );
  });

  it('have one encoding: whatever decodes encodes to the same bytes', () => {
    const hostile = fc.oneof(
      fc.uint8Array({ maxLength: 130 }),
      fc
        .tuple(fc.nat(8), fc.uint8Array({ maxLength: 110 }))
        .map(([kind, body]) => Uint8Array.of(1, kind, ...body)),
      fc
        .tuple(fc.constantFrom(36, 37, 68, 8), fc.nat(8), fc.infiniteStream(fc.nat(255)))
        .map(([length, kind, stream]) => Uint8Array.of(1, kind, ...stream.take(length))),
    );
    fc.assert(
      fc.property(hostile, (data) => {
        const decoded = decodeNote(data);
        if (decoded.kind === 'note') expect(encodeNote(decoded.note)).toEqual(data);
      }),
      { numRuns: 300 },
    );
  });

  it('are refused when written with fields out of range', () => {
    const commitment = '0'.repeat(64);
    expect(() => encodeNote({ kind: 'commit', round: 2 ** 32, group: 0, commitment })).toThrow('round');
    expect(() => encodeNote({ kind: 'commit', round: 0, group: 64, commitment })).toThrow('group');
    expect(() => encodeNote({ kind: 'declare', groups: [1, 1] })).toThrow('groups');
    expect(() => encodeNote({ kind: 'commit', round: 0, group: 0, commitment: 'short' })).toThrow('hex');
  });
});

describe('submissions', () => {
  const { schedule } = parseRunDefinition(example);
  const alice = 'alice' as Hotkey;
  const window = windowOf(1, 'commit', schedule);
  let index = 0;
  const commitAt = (block: number, byte: string, inRound = 1, hotkey = alice) => ({
    hotkey,
    block,
    index: index++,
    data: encodeNote({ kind: 'commit', round: inRound, group: 0, commitment: byte.repeat(64) }),
  });
  const commitOf = (...raw: ReturnType<typeof commitAt>[]) =>
    submissionOf(readNotes(raw), alice, 'commit', 1, schedule);

  it('a later commitment in the window replaces the earlier one and takes its time', () => {
    const { firstBlock, lastBlock } = window;
    const submission = commitOf(commitAt(lastBlock, 'b'), commitAt(firstBlock, 'a'));
    expect(submission).toMatchObject({
      kind: 'submitted',
      block: lastBlock,
      note: { commitment: 'b'.repeat(64) },
    });
  });

  it('a commitment after the window is late and replaces nothing', () => {
    expect(commitOf(commitAt(window.lastBlock + 1, 'a')).kind).toBe('late');
    expect(commitOf(commitAt(window.firstBlock, 'a'), commitAt(window.lastBlock + 1, 'b'))).toMatchObject({
      kind: 'submitted',
      note: { commitment: 'a'.repeat(64) },
    });
  });

  it('a replayed note of another round does not count', () => {
    expect(commitOf(commitAt(window.firstBlock, 'a', 0)).kind).toBe('wrong_round');
    expect(commitOf().kind).toBe('missing');
    expect(commitOf(commitAt(window.firstBlock - 1, 'a')).kind).toBe('missing');
  });

  it('the first state of a validator counts', () => {
    const stateAt = (block: number, byte: string) => ({
      hotkey: alice,
      block,
      index: index++,
      data: encodeNote({
        kind: 'state',
        round: 1,
        state: byte.repeat(64) as StateHash,
        document: byte.repeat(64) as ArtifactHash,
      }),
    });
    const { firstBlock } = windowOf(1, 'state', schedule);
    const placed = readNotes([stateAt(firstBlock, 'a'), stateAt(firstBlock, 'b')]);
    expect(submissionsOf(placed, 'state', 1, schedule).map(({ note }) => note.state[0])).toEqual(['a']);
  });

  it('bytes that are no note are passed over', () => {
    expect(readNotes([{ hotkey: alice, block: 1, index: 0, data: Uint8Array.of(9, 9) }])).toEqual([]);
  });

  it('the last declaration before a block holds', () => {
    const declare = (block: number, groups: number[]) => ({
      hotkey: alice,
      block,
      index: 0,
      data: encodeNote({ kind: 'declare', groups }),
    });
    const placed = readNotes([declare(1, [0]), declare(2, [1]), declare(9, [2])]);
    expect(declaredGroups(placed, 9).get(alice)).toEqual([1]);
  });
});
