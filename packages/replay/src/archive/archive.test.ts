import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { concatBytes, utf8 } from '@connito/protocol';
import { FuzzInputs, nextInput } from '@connito/protocol/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { archiveFuzzTargets, archiveOf } from '../testing/archive-fuzz-targets.ts';
import { decodeIndex, encodeIndex, INDEX_NAME, isArchiveName } from './archive-index.ts';
import { Archive } from './open-archive.ts';
import { END_BYTES, paddingOf, readEntries, ustarHeader } from './ustar.ts';

const index = encodeIndex({
  format: 'connito/1/archive',
  run: 'ab'.repeat(32) as never,
  ...{ firstRound: 2, lastRound: 5 },
  ledger: 'cd'.repeat(32) as never,
});
const content = utf8('seven hundred and three bytes'.padEnd(703, '.'));
const artifact = `artifacts/${'5'.repeat(64)}`;
const example = archiveOf(
  new Map([
    [INDEX_NAME, index],
    [artifact, content],
  ]),
);

const entriesOf = (bytes: Uint8Array) =>
  readEntries(bytes.length, (offset, length) => bytes.subarray(offset, offset + length), isArchiveName);
const refusal = (bytes: Uint8Array): string => {
  try {
    entriesOf(bytes);
  } catch (error) {
    return (error as { code: string }).code;
  }
  return 'accepted';
};
/** An archive with one entry of any name, however wrong. */
const named = (name: string) =>
  concatBytes([ustarHeader(name, 1), utf8('x'), new Uint8Array(paddingOf(1)), new Uint8Array(END_BYTES)]);

describe('an archive', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'connito-archive-test-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('is a tar file that `tar` lists and extracts', async () => {
    const path = join(folder, 'example.tar');
    await writeFile(path, example);
    expect(execFileSync('tar', ['-tf', path], { encoding: 'utf8' })).toBe(`${INDEX_NAME}\n${artifact}\n`);
    const extracted = execFileSync('tar', ['-xOf', path, artifact]);
    expect(new Uint8Array(extracted)).toEqual(content);
  });

  it('is listed without its contents being read', () => {
    expect([...entriesOf(example)]).toEqual([
      [INDEX_NAME, { offset: 512, bytes: index.length }],
      [artifact, { offset: 1536, bytes: content.length }],
    ]);
    expect(decodeIndex(index)).toMatchObject({ firstRound: 2, lastRound: 5 });
  });

  it('names an artifact whose bytes are damaged', async () => {
    const path = join(folder, 'damaged.tar');
    await writeFile(path, example);
    await using archive = await Archive.open(path);
    expect(await archive.damage(new AbortController().signal)).toMatchObject([
      { artefact: artifact, field: 'sha256' },
    ]);
  });

  it('is refused with a bit flipped anywhere outside its contents', () => {
    const entries = [...entriesOf(example).values()];
    for (let at = 0; at < example.length; at++) {
      if (entries.some(({ offset, bytes }) => at >= offset && at < offset + bytes)) continue;
      const flipped = example.slice();
      flipped[at] = flipped[at]! ^ 1;
      expect(refusal(flipped), `byte ${at}`).toBe('archive_malformed');
    }
  });

  it('whose index is changed in any byte is refused', () => {
    for (let at = 0; at < index.length; at++) {
      const flipped = index.slice();
      flipped[at] = flipped[at]! ^ 1;
      expect(() => decodeIndex(flipped), `byte ${at}`).toThrow(
        expect.objectContaining({ code: 'archive_malformed' }),
      );
    }
  });

  it.each([
    '../run.json',
    '/etc/passwd',
    'artifacts/../run.json',
    'artifacts/x',
    'run.json/',
    './run.json',
    'artifacts',
  ])('refuses the name %s: no entry can leave a folder', (name) =>
    expect(refusal(named(name))).toBe('archive_malformed'),
  );

  it.each([
    [
      'repeated names',
      archiveOf(new Map([['run.json', content]])).slice(0, -END_BYTES),
      archiveOf(new Map([['run.json', content]])),
    ],
    [
      'names out of order',
      archiveOf(new Map([['run.json', content]])).slice(0, -END_BYTES),
      archiveOf(new Map([[INDEX_NAME, index]])),
    ],
    ['bytes after its end', example, example],
  ])('refuses %s', (_, first, second) => {
    expect(refusal(concatBytes([first, second]))).toBe('archive_malformed');
  });

  it.each([0, 1, 511, 512, 1023, 1024, 1536, 2500])('refuses to be cut to %i bytes', (length) => {
    expect(refusal(example.subarray(0, length))).toBe('archive_malformed');
  });

  it('refuses a size beyond its end before anything of that size is allocated', () => {
    const bomb = concatBytes([ustarHeader('run.json', 8 ** 11 - 1), new Uint8Array(END_BYTES)]);
    expect(refusal(bomb)).toBe('archive_malformed');
  });

  it.each(['1', '2', '5', 'L', 'x'])('refuses an entry of type %s: only plain files are read', (type) => {
    const link = named('run.json');
    link[156] = type.charCodeAt(0);
    expect(refusal(link)).toBe('archive_malformed');
  });

  it.each(archiveFuzzTargets)('$name: any bytes are refused or read', (target) => {
    for (const bytes of target.valid) target.run(bytes);
    const inputs = new FuzzInputs(2);
    for (let i = 0; i < 1000; i++) target.run(nextInput(inputs, target));
  });
});
