import type { Keypair } from '@connito/node';
import { beforeAll, describe, expect, it } from 'vitest';
import { decodeExpertDocument } from '../package/expert-manifest.ts';
import { PACKAGE_FILES } from '../package/layout.ts';
import { EXAMPLE_KEYS, examplePackage } from '../testing/example-package.ts';
import { decodeIndex, encodeIndex } from './index-codec.ts';
import { type Notice, signNotice } from './notice.ts';
import { EMPTY_INDEX, entryOf, type IndexEntry, type PackageIndex, withEntry } from './package-index.ts';
import { statusOf, withNotice, withNoticesOf } from './package-status.ts';
import { resolveVersion } from './resolve-version.ts';
import { searchIndex } from './search-index.ts';

const { publisher, validator } = EXAMPLE_KEYS;

let index: PackageIndex;
beforeAll(async () => {
  index = EMPTY_INDEX;
  for (const facts of [
    { version: '1.0.0' },
    { version: '1.1.0' },
    { version: '1.2.0' },
    { name: 'law', version: '1.0.0', domain: 'law', licence: 'CC0-1.0', pricePerMillionTokens: 9 },
  ]) {
    const document = decodeExpertDocument((await examplePackage({ facts })).get(PACKAGE_FILES.manifest)!);
    index = withEntry(index, entryOf(document, ['dir:/srv/experts']));
  }
});

const entry = (version: string): IndexEntry =>
  index.entries.find((candidate) => candidate.name === 'math' && candidate.version === version)!;

function notice(
  kind: Notice['kind'],
  version: string,
  { sequence = 0, key = publisher, ...changes }: Partial<Notice> & { readonly key?: Keypair } = {},
) {
  const said: Notice = {
    kind,
    name: 'math',
    version,
    package: entry(version).id,
    sequence,
    replacement: null,
    reason: 'Forgets French.',
    publisher: publisher.hotkey,
    ...changes,
  };
  return signNotice(said, key.sign);
}

const versionOf = (at: PackageIndex, range: string) => resolveVersion(at, 'math', range).version;

describe('an index', () => {
  it('says what a buyer compares', () => {
    expect(entry('1.0.0')).toMatchObject({
      domain: 'math',
      licence: 'MIT',
      pricePerMillionTokens: 2500,
      gain: { domain: 'math', meanNanoNats: 817_400_000, lowerNanoNats: 663_000_000 },
      worstGeneral: { domain: 'prose', meanNanoNats: -1_000_000 },
      experts: 2,
      parameters: 192,
      miners: 2,
      signers: [publisher.hotkey],
    });
  });

  it('lists a package that several channels have once', () => {
    const twice = withEntry(index, { ...entry('1.0.0'), channels: ['npm:http://127.0.0.1:4873/'] });
    expect(twice.entries).toHaveLength(index.entries.length);
    const { channels } = twice.entries.find(({ id }) => id === entry('1.0.0').id)!;
    expect(channels).toEqual(['dir:/srv/experts', 'npm:http://127.0.0.1:4873/']);
  });

  it('is searched by words, domain, price and licence', () => {
    const names = (search: Parameters<typeof searchIndex>[1]) =>
      searchIndex(index, search).map(({ name, version }) => `${name}@${version}`);
    expect(names({ text: 'SCHOOL law' })).toEqual(['law@1.0.0']);
    expect(names({ domain: 'math' })).toHaveLength(3);
    expect(names({ maxPricePerMillionTokens: 10 })).toEqual(['law@1.0.0']);
    expect(names({ licences: ['MIT'] })).toHaveLength(3);
    expect(names({ base: 'f'.repeat(64) })).toEqual([]);
    expect(names({ minGainNanoNats: 10 ** 9 })).toEqual([]);
  });

  it('means the highest version by a range, but never one its publisher took back', async () => {
    expect(versionOf(index, '1')).toBe('1.2.0');
    const rolledBack = withNotice(index, await notice('rollback', '1.2.0', { replacement: '1.1.0' }));
    expect(versionOf(rolledBack, '1')).toBe('1.1.0');
    expect(versionOf(rolledBack, '1.2.0')).toBe('1.2.0');
    const restored = withNotice(rolledBack, await notice('restore', '1.2.0', { sequence: 1 }));
    expect(versionOf(restored, '1')).toBe('1.2.0');
    const deprecated = withNotice(rolledBack, await notice('deprecate', '1.1.0'));
    expect(versionOf(deprecated, '1')).toBe('1.0.0');
    expect(versionOf(deprecated, '~1.1')).toBe('1.1.0');
    expect(statusOf(deprecated, entry('1.1.0'))).toBe('deprecated');
  });

  it('never gives out what was revoked, and says why', async () => {
    const revoked = withNotice(index, await notice('revoke', '1.2.0', { replacement: '1.1.0' }));
    expect(versionOf(revoked, '1')).toBe('1.1.0');
    expect(() => versionOf(revoked, '1.2.0')).toThrow(
      expect.objectContaining({
        code: 'package_revoked',
        message: expect.stringContaining('Use 1.1.0 instead'),
      }),
    );
    const restore = await notice('restore', '1.2.0', { sequence: 5 });
    expect(() => withNotice(revoked, restore)).toThrow(/never taken back/);
  });

  it('takes no notice but the publisher’s, of that very package, in order', async () => {
    const refused = [
      await notice('revoke', '1.0.0', { key: validator }),
      await notice('revoke', '1.0.0', { key: validator, publisher: validator.hotkey }),
      await notice('revoke', '1.0.0', { version: '1.1.0' }),
      await notice('revoke', '1.0.0', { package: 'a'.repeat(64) as Notice['package'] }),
    ];
    for (const signed of refused) {
      expect(() => withNotice(index, signed)).toThrow(expect.objectContaining({ code: 'document_refused' }));
    }
    const later = withNotice(index, await notice('deprecate', '1.0.0', { sequence: 3 }));
    const replayed = await notice('restore', '1.0.0', { sequence: 3 });
    expect(() => withNotice(later, replayed)).toThrow(/a later one is there already/);
  });

  it('keeps a revocation while its package is listed nowhere, and heeds it when it comes back', async () => {
    const revoked = withNotice(index, await notice('revoke', '1.2.0'));
    const away: PackageIndex = {
      ...EMPTY_INDEX,
      entries: index.entries.filter(({ name }) => name === 'law'),
    };
    const kept = decodeIndex(encodeIndex(withNoticesOf(away, revoked)));
    expect(kept.notices).toEqual(revoked.notices);
    const back = withNoticesOf(index, kept);
    expect(() => versionOf(back, '1.2.0')).toThrow(expect.objectContaining({ code: 'package_revoked' }));
  });

  it('is not told by others of a package before it is listed', async () => {
    const foreign = await notice('revoke', '1.2.0', { key: validator, publisher: validator.hotkey });
    const before: PackageIndex = { ...EMPTY_INDEX, notices: [foreign] };
    expect(decodeIndex(encodeIndex(before))).toEqual(before);
    expect(withNoticesOf(index, before).notices).toEqual([]);
    expect(versionOf({ ...index, notices: [foreign] }, '1')).toBe('1.2.0');
    expect(() => decodeIndex(encodeIndex({ ...index, notices: [foreign] }))).toThrow(/only its publisher/);
  });

  it('does not choose between publishers of one name', async () => {
    const files = await examplePackage({
      facts: { version: '1.9.0', publisher: validator.hotkey },
      signers: [validator],
    });
    const squatted = withEntry(
      index,
      entryOf(decodeExpertDocument(files.get(PACKAGE_FILES.manifest)!), ['dir:/srv/experts']),
    );
    expect(() => versionOf(squatted, '1')).toThrow(
      expect.objectContaining({ code: 'publisher_not_trusted' }),
    );
    const by = (key: Keypair) => resolveVersion(squatted, 'math', '1', new Set([key.hotkey])).version;
    expect(by(publisher)).toBe('1.2.0');
    expect(by(validator)).toBe('1.9.0');
    expect(() => by(EXAMPLE_KEYS.miner)).toThrow(expect.objectContaining({ code: 'publisher_not_trusted' }));
  });

  it('comes back from its bytes, and not with a notice changed', async () => {
    const full = withNotice(index, await notice('revoke', '1.0.0'));
    const bytes = encodeIndex(full);
    expect(decodeIndex(bytes)).toEqual(full);
    const text = new TextDecoder().decode(bytes);
    for (const [from, to] of [
      ['Forgets French.', 'Forgets German.'],
      ['"revoke"', '"restore"'],
      ['{"entries"', '{ "entries"'],
    ] as const) {
      const changed = new TextEncoder().encode(text.replace(from, to));
      expect(() => decodeIndex(changed)).toThrow(expect.objectContaining({ code: 'document_refused' }));
    }
  });
});
