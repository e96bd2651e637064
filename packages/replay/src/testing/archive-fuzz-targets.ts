import { ConnitoError, concatBytes, utf8 } from '@connito/protocol';
import { decodeIndex, encodeIndex, INDEX_NAME, isArchiveName } from '../archive/archive-index.ts';
import { END_BYTES, paddingOf, readEntries, ustarHeader } from '../archive/ustar.ts';

/** An archive in memory, as a writer makes it. */
export function archiveOf(entries: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const parts = [...entries.keys()].sort().flatMap((name) => {
    const bytes = entries.get(name)!;
    return [ustarHeader(name, bytes.length), bytes, new Uint8Array(paddingOf(bytes.length))];
  });
  return concatBytes([...parts, new Uint8Array(END_BYTES)]);
}

const index = encodeIndex({
  format: 'connito/1/archive',
  run: 'ab'.repeat(32) as never,
  firstRound: 0,
  lastRound: 3,
  ledger: 'cd'.repeat(32) as never,
});

/** The parsers of archives on any bytes: refuse, or give entries that lie apart within the file. */
export const archiveFuzzTargets = [
  {
    name: 'archive',
    valid: [
      archiveOf(new Map([[INDEX_NAME, index]])),
      archiveOf(
        new Map([
          [INDEX_NAME, index],
          [`artifacts/${'0'.repeat(64)}`, utf8('x'.repeat(600))],
          ['run.json', new Uint8Array()],
        ]),
      ),
    ],
    maxRandomBytes: 2048,
    run(bytes: Uint8Array): void {
      let longest = 0;
      const readAt = (offset: number, length: number): Uint8Array => {
        longest = Math.max(longest, length);
        if (offset < 0 || offset + length > bytes.length)
          throw new Error(`read at ${offset}, ${length} bytes`);
        return bytes.subarray(offset, offset + length);
      };
      try {
        let end = 0;
        for (const [name, entry] of readEntries(bytes.length, readAt, isArchiveName)) {
          if (!isArchiveName(name) || entry.offset < end) throw new Error(`"${name}" is misplaced`);
          end = entry.offset + entry.bytes;
          if (end > bytes.length) throw new Error(`"${name}" reaches beyond the end`);
        }
      } catch (error) {
        if (!(error instanceof ConnitoError) || error.code !== 'archive_malformed') throw error;
      }
      if (longest > 1024) throw new Error(`${longest} bytes were read at once`);
    },
  },
  {
    name: 'archive index',
    valid: [index],
    maxRandomBytes: 200,
    run(bytes: Uint8Array): void {
      try {
        decodeIndex(bytes);
      } catch (error) {
        if (!(error instanceof ConnitoError) || error.code !== 'archive_malformed') throw error;
      }
    },
  },
];
