import type { Hotkey } from '../brand.ts';
import { isInWindow, type MergeStep, type Phase, windowOf } from '../round/phase.ts';
import type { Schedule } from '../run/run-definition.ts';
import { decodeNote, type Note, type NoteKind } from './ledger-note.ts';

/** A note as the ledger included it. Order on the ledger: by `block`, then by `index`. */
export type RawNote = {
  readonly hotkey: Hotkey;
  readonly block: number;
  readonly index: number;
  readonly data: Uint8Array;
};

type NoteByKind = { readonly [Kind in NoteKind]: Extract<Note, { kind: Kind }> };

export type PlacedNote<Kind extends NoteKind = NoteKind> = {
  readonly hotkey: Hotkey;
  readonly block: number;
  readonly index: number;
  readonly note: NoteByKind[Kind];
};

export type RoundNoteKind = Exclude<NoteKind, 'declare'>;

/** The window each kind of note must be included in. */
const WINDOW_OF_NOTE: Readonly<Record<RoundNoteKind, Phase | MergeStep>> = {
  commit: 'commit',
  reveal: 'reveal',
  report: 'evaluate',
  attest: 'attest',
  vote: 'vote',
  state: 'state',
};

/**
 * Which of several notes of one hotkey in one window counts. Votes and states are cast once: whoever could change them
 * after seeing the others' would not be voting on its own measurement.
 */
const COUNTS: Readonly<Record<RoundNoteKind, 'first' | 'last'>> = {
  commit: 'last',
  reveal: 'last',
  report: 'last',
  attest: 'last',
  vote: 'first',
  state: 'first',
};

/** What a hotkey submitted of one kind for one round. */
export type Submission<Kind extends RoundNoteKind> =
  | ({ readonly kind: 'submitted' } & PlacedNote<Kind>)
  /** Included after its window. */
  | ({ readonly kind: 'late' } & PlacedNote<Kind>)
  /** Included within the window, but naming another round. */
  | ({ readonly kind: 'wrong_round' } & PlacedNote<Kind>)
  | { readonly kind: 'missing' };

/** Decodes the notes that are notes, in ledger order; bytes of anything else are passed over. */
export function readNotes(raw: readonly RawNote[]): PlacedNote[] {
  const placed: PlacedNote[] = [];
  for (const { hotkey, block, index, data } of raw) {
    const decoded = decodeNote(data);
    if (decoded.kind === 'note') placed.push({ hotkey, block, index, note: decoded.note });
  }
  return placed.sort((a, b) => a.block - b.block || a.index - b.index);
}

/** The one note of a kind that counts for a hotkey in a round, or why there is none. `notes` in ledger order. */
export function submissionOf<Kind extends RoundNoteKind>(
  notes: readonly PlacedNote[],
  hotkey: Hotkey,
  kind: Kind,
  round: number,
  schedule: Schedule,
): Submission<Kind> {
  const window = windowOf(round, WINDOW_OF_NOTE[kind], schedule);
  const own = notes.filter(
    (placed): placed is PlacedNote<Kind> => placed.hotkey === hotkey && placed.note.kind === kind,
  );
  const inWindow = own.filter((placed) => isInWindow(placed.block, window));
  const forRound = inWindow.filter((placed) => placed.note.round === round);
  const counted = COUNTS[kind] === 'first' ? forRound[0] : forRound.at(-1);
  if (counted !== undefined) return { kind: 'submitted', ...counted };
  const late = own.find((placed) => placed.note.round === round && placed.block > window.lastBlock);
  if (late !== undefined) return { kind: 'late', ...late };
  const misnamed = inWindow.at(-1);
  return misnamed === undefined ? { kind: 'missing' } : { kind: 'wrong_round', ...misnamed };
}

/** All hotkeys' counting notes of a kind in a round, in ledger order. */
export function submissionsOf<Kind extends RoundNoteKind>(
  notes: readonly PlacedNote[],
  kind: Kind,
  round: number,
  schedule: Schedule,
): PlacedNote<Kind>[] {
  const hotkeys = new Set(notes.filter((placed) => placed.note.kind === kind).map((placed) => placed.hotkey));
  const counted: PlacedNote<Kind>[] = [];
  for (const hotkey of hotkeys) {
    const submission = submissionOf(notes, hotkey, kind, round, schedule);
    if (submission.kind === 'submitted') {
      const { block, index, note } = submission;
      counted.push({ hotkey, block, index, note });
    }
  }
  return counted.sort((a, b) => a.block - b.block || a.index - b.index);
}

/** The groups each hotkey last declared before a block, by group number; hotkeys that declared nothing are absent. */
export function declaredGroups(
  notes: readonly PlacedNote[],
  beforeBlock: number,
): Map<Hotkey, readonly number[]> {
  const declared = new Map<Hotkey, readonly number[]>();
  for (const { hotkey, block, note } of notes) {
    if (note.kind === 'declare' && block < beforeBlock) declared.set(hotkey, note.groups);
  }
  return declared;
}
