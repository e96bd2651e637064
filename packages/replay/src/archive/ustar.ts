import { utf8 } from '@connito/protocol';
import { replayError } from '../errors.ts';

/** Headers and contents fill whole blocks. */
export const BLOCK_BYTES = 512;
/** Two blocks of zeros end a tar file. */
export const END_BYTES = 2 * BLOCK_BYTES;
/** What eleven octal digits hold. */
export const MAX_ENTRY_BYTES = 8 ** 11 - 1;
const MAX_NAME_BYTES = 100;
const MODE = 0o644;
const SIZE_AT = 124;

/** Where a file's content is in an archive. */
export type ArchiveEntry = { readonly offset: number; readonly bytes: number };

/**
 * The header of a plain file in a tar file (POSIX.1-1988 ustar), in the one form an archive has: no owner, no time, no link, no
 * extension. `tar` reads it; anything else than this is refused.
 */
export function ustarHeader(name: string, bytes: number): Uint8Array {
  const encoded = utf8(name);
  if (encoded.length === 0 || encoded.length > MAX_NAME_BYTES || bytes > MAX_ENTRY_BYTES) {
    throw new RangeError(`"${name}" with ${bytes} bytes does not fit a tar header`);
  }
  const header = new Uint8Array(BLOCK_BYTES);
  const put = (at: number, text: string) => header.set(utf8(text), at);
  const octal = (value: number, digits: number) => value.toString(8).padStart(digits, '0');
  header.set(encoded, 0);
  put(100, octal(MODE, 7));
  put(108, octal(0, 7));
  put(116, octal(0, 7));
  put(SIZE_AT, octal(bytes, 11));
  put(136, octal(0, 11));
  put(148, ' '.repeat(8));
  put(156, '0');
  put(257, 'ustar\u000000');
  const sum = header.reduce((total, byte) => total + byte, 0);
  put(148, `${octal(sum, 6)}\u0000 `);
  return header;
}

/** Bytes of zeros after a content of the given size. */
export function paddingOf(bytes: number): number {
  return (BLOCK_BYTES - (bytes % BLOCK_BYTES)) % BLOCK_BYTES;
}

/**
 * All entries of an archive by name, read header by header and nothing else. Names ascend, so that none occurs twice; every
 * byte that belongs to no content is the one a writer puts there. Fails with `archive_malformed`.
 */
export function readEntries(
  size: number,
  readAt: (offset: number, bytes: number) => Uint8Array,
  isAllowed: (name: string) => boolean,
): Map<string, ArchiveEntry> {
  const entries = new Map<string, ArchiveEntry>();
  if (size < END_BYTES || size % BLOCK_BYTES !== 0) throw malformed(`it cannot have ${size} bytes`);
  const end = size - END_BYTES;
  let last = '';
  for (let at = 0; at < end; ) {
    const header = readAt(at, BLOCK_BYTES);
    const { name, bytes } = parseHeader(header, at);
    if (!isAllowed(name) || name <= last) throw malformed(`an entry at byte ${at} has no place in it`);
    const offset = at + BLOCK_BYTES;
    const padding = paddingOf(bytes);
    if (bytes + padding > end - offset) throw malformed(`"${name}" would reach beyond its end`);
    if (readAt(offset + bytes, padding).some((byte) => byte !== 0))
      throw malformed(`"${name}" is not padded`);
    entries.set(name, { offset, bytes });
    last = name;
    at = offset + bytes + padding;
  }
  if (readAt(end, END_BYTES).some((byte) => byte !== 0)) throw malformed('it does not end where it should');
  return entries;
}

function parseHeader(header: Uint8Array, at: number): { readonly name: string; readonly bytes: number } {
  const ascii = (from: number, to: number) => String.fromCharCode(...header.subarray(from, to));
  const [name = ''] = ascii(0, MAX_NAME_BYTES).split('\u0000', 1);
  const digits = ascii(SIZE_AT, SIZE_AT + 11);
  if (name === '' || !/^[0-7]{11}$/.test(digits)) throw malformed(`there is no header at byte ${at}`);
  const bytes = Number.parseInt(digits, 8);
  const expected = ustarHeader(printable(name, at), bytes);
  if (expected.some((byte, i) => byte !== header[i])) {
    throw malformed(`the header at byte ${at} is not in an archive's form`);
  }
  return { name, bytes };
}

/** A name of plain ASCII; others would not have the length their characters suggest. */
function printable(name: string, at: number): string {
  if (/^[\x21-\x7e]+$/.test(name)) return name;
  throw malformed(`the name at byte ${at} is not one of an archive's`);
}

export function malformed(why: string) {
  return replayError('archive_malformed', `This is no archive of rounds: ${why}.`);
}
