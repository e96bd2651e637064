import type { ArtifactHash, StateHash, Uid } from '../brand.ts';
import { concatBytes, fromHex, toHex, uint32Bytes } from '../encoding/bytes.ts';
import { MAX_UIDS } from '../encoding/schema.ts';
import { protocolError } from '../errors.ts';
import { MAX_GROUPS } from '../run/run-definition.ts';

/** Everything participants write to the ledger. Each note fits the 128 bytes of one commitment field. */
export type Note =
  /** A miner: which groups it can serve, as group numbers of the run definition, ascending. */
  | { readonly kind: 'declare'; readonly groups: readonly number[] }
  /** A miner: binds it to a manifest without showing it. `commitment` has 64 hex digits. */
  | { readonly kind: 'commit'; readonly round: number; readonly group: number; readonly commitment: string }
  /** A miner: the reveal document can now be fetched. */
  | { readonly kind: 'reveal'; readonly round: number; readonly document: ArtifactHash }
  /** A validator: its signed report exists; the bytes follow after this window. */
  | { readonly kind: 'report'; readonly round: number; readonly report: ArtifactHash }
  /** A validator: whose reveals (manifest and bundle) and whose reports it holds the bytes of, ascending. */
  | {
      readonly kind: 'attest';
      readonly round: number;
      readonly reveals: readonly Uid[];
      readonly reports: readonly Uid[];
    }
  /** A validator: for each group an index into `merge.scales`, or `ZERO_STEP`. */
  | {
      readonly kind: 'vote';
      readonly round: number;
      readonly mergeReport: ArtifactHash;
      readonly scales: readonly number[];
    }
  /** A validator: the next state as it computed it, and the document that says where its tensors' bytes are. */
  | {
      readonly kind: 'state';
      readonly round: number;
      readonly state: StateHash;
      readonly document: ArtifactHash;
    };

export type NoteKind = Note['kind'];

/** What hostile or foreign bytes decode to: a value, because any hotkey may write anything. */
export type DecodedNote =
  | { readonly kind: 'note'; readonly note: Note }
  | { readonly kind: 'malformed'; readonly why: string };

/** The scale index that votes for leaving a group's state as it is. */
export const ZERO_STEP = 255;

const VERSION = 1;
const HASH_BYTES = 32;
const MAX_ROUND = 0xffff_ffff;
const UID_BITMAP_BYTES = MAX_UIDS / 8;
const GROUP_BITMAP_BYTES = MAX_GROUPS / 8;
const KIND_BYTES = { declare: 1, commit: 2, reveal: 3, report: 4, attest: 5, vote: 6, state: 7 } as const;

/**
 * Layout: version, kind, then the fields in the order of `Note`; rounds are uint32, little-endian; bit i of a bitmap is
 * bit `i mod 8` of byte `⌊i / 8⌋`. Every note has exactly one encoding. Fails with `invalid_note`.
 */
export function encodeNote(note: Note): Uint8Array {
  return concatBytes([Uint8Array.of(VERSION, KIND_BYTES[note.kind]), ...encodeFields(note)]);
}

function encodeFields(note: Note): Uint8Array[] {
  switch (note.kind) {
    case 'declare':
      return [encodeBitmap(note.groups, GROUP_BITMAP_BYTES, 'groups')];
    case 'commit':
      checkField(isIndex(note.group, MAX_GROUPS), 'group', note.group);
      return [encodeRound(note.round), Uint8Array.of(note.group), fromHex(note.commitment, HASH_BYTES)];
    case 'reveal':
      return [encodeRound(note.round), fromHex(note.document, HASH_BYTES)];
    case 'report':
      return [encodeRound(note.round), fromHex(note.report, HASH_BYTES)];
    case 'attest':
      return [
        encodeRound(note.round),
        encodeBitmap(note.reveals, UID_BITMAP_BYTES, 'reveals'),
        encodeBitmap(note.reports, UID_BITMAP_BYTES, 'reports'),
      ];
    case 'vote':
      checkField(note.scales.length <= MAX_GROUPS, 'scales.length', note.scales.length);
      for (const scale of note.scales) checkField(isIndex(scale, 256), 'scales', scale);
      return [encodeRound(note.round), fromHex(note.mergeReport, HASH_BYTES), Uint8Array.from(note.scales)];
    case 'state':
      return [encodeRound(note.round), fromHex(note.state, HASH_BYTES), fromHex(note.document, HASH_BYTES)];
  }
}

/** Reads a note; anything but the one encoding of a note is `malformed`. Never throws. */
export function decodeNote(data: Uint8Array): DecodedNote {
  const [version, kind] = data;
  if (version !== VERSION) return malformed(`unknown version ${version ?? '(empty)'}`);
  const body = data.subarray(2);
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  const hasLength = (length: number) => body.length === length;
  const hashAt = (offset: number) => toHex(body.subarray(offset, offset + HASH_BYTES));
  const wrongLength = malformed(`kind ${kind} cannot have ${data.length} bytes`);
  const accepted = (note: Note): DecodedNote => ({ kind: 'note', note });

  switch (kind) {
    case KIND_BYTES.declare:
      if (!hasLength(GROUP_BITMAP_BYTES)) return wrongLength;
      return accepted({ kind: 'declare', groups: decodeBitmap(body) });
    case KIND_BYTES.commit: {
      if (!hasLength(5 + HASH_BYTES)) return wrongLength;
      const group = view.getUint8(4);
      if (group >= MAX_GROUPS) return malformed(`group number ${group}`);
      return accepted({ kind: 'commit', round: view.getUint32(0, true), group, commitment: hashAt(5) });
    }
    case KIND_BYTES.reveal:
      if (!hasLength(4 + HASH_BYTES)) return wrongLength;
      return accepted({
        kind: 'reveal',
        round: view.getUint32(0, true),
        document: hashAt(4) as ArtifactHash,
      });
    case KIND_BYTES.report:
      if (!hasLength(4 + HASH_BYTES)) return wrongLength;
      return accepted({ kind: 'report', round: view.getUint32(0, true), report: hashAt(4) as ArtifactHash });
    case KIND_BYTES.attest:
      if (!hasLength(4 + 2 * UID_BITMAP_BYTES)) return wrongLength;
      return accepted({
        kind: 'attest',
        round: view.getUint32(0, true),
        reveals: decodeBitmap(body.subarray(4, 4 + UID_BITMAP_BYTES)) as Uid[],
        reports: decodeBitmap(body.subarray(4 + UID_BITMAP_BYTES)) as Uid[],
      });
    case KIND_BYTES.vote:
      if (body.length < 4 + HASH_BYTES || body.length > 4 + HASH_BYTES + MAX_GROUPS) return wrongLength;
      return accepted({
        kind: 'vote',
        round: view.getUint32(0, true),
        mergeReport: hashAt(4) as ArtifactHash,
        scales: [...body.subarray(4 + HASH_BYTES)],
      });
    case KIND_BYTES.state:
      if (!hasLength(4 + 2 * HASH_BYTES)) return wrongLength;
      return accepted({
        kind: 'state',
        round: view.getUint32(0, true),
        state: hashAt(4) as StateHash,
        document: hashAt(4 + HASH_BYTES) as ArtifactHash,
      });
    default:
      return malformed(`unknown kind ${kind ?? '(missing)'}`);
  }
}

function malformed(why: string): DecodedNote {
  return { kind: 'malformed', why };
}

function isIndex(value: number, bound: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < bound;
}

function checkField(condition: boolean, field: string, value: number): void {
  if (!condition)
    throw protocolError('invalid_note', `A note's ${field} cannot be ${value}.`, { field, value });
}

function encodeRound(round: number): Uint8Array {
  checkField(isIndex(round, MAX_ROUND + 1), 'round', round);
  return uint32Bytes(round);
}

function encodeBitmap(members: readonly number[], bytes: number, field: string): Uint8Array {
  const bitmap = new Uint8Array(bytes);
  let previous = -1;
  for (const member of members) {
    checkField(isIndex(member, 8 * bytes) && member > previous, field, member);
    bitmap[member >> 3] = (bitmap[member >> 3] ?? 0) | (1 << (member & 7));
    previous = member;
  }
  return bitmap;
}

function decodeBitmap(bitmap: Uint8Array): number[] {
  const members: number[] = [];
  bitmap.forEach((byte, i) => {
    for (let bit = 0; bit < 8; bit++) if ((byte >> bit) & 1) members.push(8 * i + bit);
  });
  return members;
}
