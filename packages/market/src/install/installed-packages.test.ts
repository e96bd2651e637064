import { mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PackageChannel } from '../channel/channel.ts';
import { DirectoryChannel } from '../channel/directory-channel.ts';
import { marketError } from '../errors.ts';
import { PACKAGE_FILES, type PackageFiles } from '../package/layout.ts';
import { parsePackageSpec } from '../package/package-name.ts';
import { signNotice } from '../registry/notice.ts';
import { EMPTY_INDEX } from '../registry/package-index.ts';
import { withNotice } from '../registry/package-status.ts';
import { indexChannels } from '../registry/read-channels.ts';
import { EXAMPLE_KEYS, examplePackage } from '../testing/example-package.ts';
import { InstalledPackages } from './installed-packages.ts';

let folder: string;
let channel: DirectoryChannel;
let packages: InstalledPackages;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'connito-install-'));
  channel = new DirectoryChannel(join(folder, 'channel'));
  packages = new InstalledPackages(join(folder, 'installed'));
});
afterEach(() => rm(folder, { recursive: true }));

const spec = parsePackageSpec;
const publish = async (version: string) => channel.publish(await examplePackage({ facts: { version } }));

/** A channel that hands over whatever it is told to. */
const dishonest = (files: PackageFiles): PackageChannel => ({
  address: 'dir:/dishonest',
  names: async () => ['math'],
  versions: async () => ['1.0.0'],
  fetch: async () => files,
  publish: async () => undefined,
});

describe('installing', () => {
  it('takes the highest version in the range, and reads it again from the disk', async () => {
    for (const version of ['1.0.0', '1.1.0', '2.0.0']) await publish(version);
    const { installed } = await packages.install(channel, spec('math@1'));
    expect(installed.manifest.version).toBe('1.1.0');
    await packages.install(channel, spec('math@1.0.0'));
    expect((await packages.read(spec('math@1'))).manifest.version).toBe('1.1.0');
    expect((await packages.list()).map(({ version, fault }) => [version, fault])).toEqual([
      ['1.1.0', null],
      ['1.0.0', null],
    ]);
    await packages.remove(spec('math'));
    expect((await packages.list()).map(({ version }) => version)).toEqual(['1.0.0']);
    await expect(packages.read(spec('math@2'))).rejects.toMatchObject({ code: 'package_missing' });
  });

  it('leaves nothing behind of a package it refuses', async () => {
    const files = new Map(await examplePackage());
    files.set(PACKAGE_FILES.card, new TextEncoder().encode('# Another card'));
    await expect(packages.install(dishonest(files), spec('math'))).rejects.toMatchObject({
      code: 'package_corrupt',
    });
    expect(await packages.list()).toEqual([]);
    expect(await readdir(folder)).not.toContain('installed');
  });

  it('refuses another package than was asked for', async () => {
    const law = await examplePackage({ facts: { name: 'law' } });
    await expect(packages.install(dishonest(law), spec('math'))).rejects.toMatchObject({
      code: 'package_corrupt',
    });
    const newer = await examplePackage({ facts: { version: '1.0.1' } });
    await expect(packages.install(dishonest(newer), spec('math'))).rejects.toMatchObject({
      code: 'package_corrupt',
    });
  });

  it('runs nothing: a package with an install script is refused and the script not run', async () => {
    const files = new Map(await examplePackage());
    const json = JSON.parse(new TextDecoder().decode(files.get(PACKAGE_FILES.npm)));
    const trace = join(folder, 'ran');
    const scripts = { preinstall: `touch ${trace}`, postinstall: `touch ${trace}` };
    files.set(PACKAGE_FILES.npm, new TextEncoder().encode(JSON.stringify({ ...json, scripts })));
    await expect(packages.install(dishonest(files), spec('math'))).rejects.toMatchObject({
      code: 'package_corrupt',
    });
    expect(await readdir(folder)).not.toContain('ran');
  });

  it('lists what was damaged since, with its fault', async () => {
    await publish('1.0.0');
    const { folder: at } = await packages.install(channel, spec('math'));
    const path = join(at, PACKAGE_FILES.experts);
    const bytes = await readFile(path);
    bytes[bytes.length - 1]! ^= 1;
    await writeFile(path, bytes);
    const [found] = await packages.list();
    expect(found).toMatchObject({ name: 'math', manifest: null, fault: { code: 'package_corrupt' } });
    await expect(packages.read(spec('math'))).rejects.toMatchObject({ code: 'package_corrupt' });
  });

  it('again mends a damaged copy, and touches no whole one', async () => {
    await publish('1.0.0');
    const { folder: at } = await packages.install(channel, spec('math'));
    const path = join(at, PACKAGE_FILES.experts);
    const whole = await readFile(path);
    const before = await stat(path);
    await packages.install(channel, spec('math'));
    expect((await stat(path)).ino).toBe(before.ino);
    const damages: (() => Promise<void>)[] = [
      () => writeFile(path, whole.subarray(0, 100)),
      () => rm(path),
      () => writeFile(join(at, PACKAGE_FILES.manifest), '{}'),
      () => symlink('/etc/passwd', join(at, 'more')),
    ];
    for (const damage of damages) {
      await damage();
      expect((await packages.list())[0]!.fault).not.toBeNull();
      await packages.install(channel, spec('math'));
      expect((await packages.list())[0]!.fault).toBeNull();
      expect(await readFile(path)).toEqual(whole);
    }
  });

  it('refuses another package under an installed version', async () => {
    await publish('1.0.0');
    await packages.install(channel, spec('math'));
    const other = await examplePackage({ facts: { description: 'Something else.', licence: 'CC0-1.0' } });
    const install = packages.install(dishonest(other), spec('math'), {
      rules: { allowedLicences: ['CC0-1.0'] },
    });
    await expect(install).rejects.toMatchObject({ code: 'version_exists' });
    expect((await packages.read(spec('math'))).manifest.description).not.toBe('Something else.');
  });

  it('takes a name’s later versions from who published the first, unless another is trusted', async () => {
    await publish('1.0.0');
    await packages.install(channel, spec('math'));
    const { validator } = EXAMPLE_KEYS;
    const squatted = await examplePackage({
      facts: { version: '1.1.0', publisher: validator.hotkey },
      signers: [validator],
    });
    await channel.publish(squatted);
    await expect(packages.install(channel, spec('math'))).rejects.toMatchObject({
      code: 'publisher_not_trusted',
      message: expect.stringContaining(validator.hotkey),
    });
    const rules = { publishers: new Set([validator.hotkey]) };
    expect((await packages.install(channel, spec('math'), { rules })).installed.manifest.version).toBe(
      '1.1.0',
    );
  });

  it('by an index refuses what was revoked, and what is not the package it lists', async () => {
    await publish('1.0.0');
    await publish('1.1.0');
    const { index, refused } = await indexChannels([channel], EMPTY_INDEX);
    expect(refused).toEqual([]);
    const entry = index.entries.find(({ version }) => version === '1.1.0')!;
    const notice = {
      kind: 'revoke',
      name: 'math',
      version: '1.1.0',
      package: entry.id,
      sequence: 0,
      replacement: '1.0.0',
      reason: 'Leaks its training text.',
      publisher: entry.publisher,
    } as const;
    const revoked = withNotice(index, await signNotice(notice, EXAMPLE_KEYS.publisher.sign));
    await expect(packages.install(channel, spec('math@1.1.0'), { index: revoked })).rejects.toMatchObject({
      code: 'package_revoked',
    });
    const { installed } = await packages.install(channel, spec('math'), { index: revoked });
    expect(installed.manifest.version).toBe('1.0.0');
    const impostor = await examplePackage({ facts: { description: 'Another one under the same name.' } });
    const other = new InstalledPackages(join(folder, 'other'));
    await expect(other.install(dishonest(impostor), spec('math'), { index: revoked })).rejects.toMatchObject({
      code: 'package_corrupt',
    });
  });

  it('an index leaves out what is not valid, and says so', async () => {
    await publish('1.0.0');
    const { index, refused } = await indexChannels([channel, dishonest(new Map())], EMPTY_INDEX);
    expect(index.entries).toHaveLength(1);
    expect(refused).toMatchObject([{ channel: 'dir:/dishonest', code: 'package_files_wrong' }]);
  });

  it('an index is made of the channels that can be listed, and not without any', async () => {
    await publish('1.0.0');
    const unlisted: PackageChannel = {
      ...dishonest(new Map()),
      names: () => Promise.reject(marketError('channel_refused', 'It lists nothing.')),
    };
    const half: PackageChannel = {
      ...dishonest(new Map()),
      versions: () => Promise.reject(marketError('channel_malformed', 'No listing.')),
    };
    const { index, refused } = await indexChannels([unlisted, half, channel], EMPTY_INDEX);
    expect(index.entries).toHaveLength(1);
    expect(refused.map(({ name, version, code }) => [name, version, code])).toEqual([
      [null, null, 'channel_refused'],
      ['math', null, 'channel_malformed'],
    ]);
    await expect(indexChannels([unlisted], index)).rejects.toMatchObject({ code: 'channel_refused' });
    const later = { ...unlisted, names: () => Promise.reject(marketError('channel_unreachable', 'Busy.')) };
    await expect(indexChannels([later, channel], index)).rejects.toMatchObject({
      code: 'channel_unreachable',
    });
  });
});
