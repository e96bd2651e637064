import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync, gzipSync } from 'node:zlib';
import { utf8 } from '@connito/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { examplePackage } from '../testing/example-package.ts';
import { PACKAGE_FILES, type PackageFiles } from './layout.ts';
import { readPackageFolder, writePackageFolder } from './package-folder.ts';
import { readExpertPackage } from './read-package.ts';
import { decodeTarball, encodeTarball } from './tarball.ts';

let folder: string;
let files: PackageFiles;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'connito-tarball-'));
  files = await examplePackage({ routerFile: utf8('router') });
});
afterEach(() => rm(folder, { recursive: true }));

/** The inflated tarball with its first header changed, its checksum made to fit again. */
function withHeader(change: (header: Uint8Array) => void): Uint8Array {
  const tar = new Uint8Array(gunzipSync(encodeTarball(files)));
  const header = tar.subarray(0, 512);
  change(header);
  header.fill(0x20, 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.set(utf8(`${sum.toString(8).padStart(6, '0')}\0 `), 148);
  return gzipSync(tar);
}

describe('a tarball', () => {
  it('holds the same files again, and is the same bytes each time', async () => {
    const tarball = encodeTarball(files);
    expect(encodeTarball(files)).toEqual(tarball);
    const read = await decodeTarball(tarball);
    expect([...read.keys()].sort()).toEqual([...files.keys()].sort());
    for (const [name, bytes] of read) expect(bytes).toEqual(files.get(name));
  });

  it('is read from a file', async () => {
    await writeFile(join(folder, 'math.tgz'), encodeTarball(files));
    expect((await readExpertPackage(join(folder, 'math.tgz'))).manifest.name).toBe('math');
  });

  it('is one that tar unpacks, and the other way round', async () => {
    await writeFile(join(folder, 'ours.tgz'), encodeTarball(files));
    await promisify(execFile)('tar', ['xzf', 'ours.tgz'], { cwd: folder });
    expect((await readdir(join(folder, 'package'))).sort()).toEqual([...files.keys()].sort());
    expect(await readPackageFolder(join(folder, 'package'))).toEqual(new Map([...files].sort()));
    const names = [...files.keys()].map((name) => `package/${name}`);
    await promisify(execFile)('tar', ['czf', 'theirs.tgz', '--format=ustar', ...names], { cwd: folder });
    expect((await readExpertPackage(join(folder, 'theirs.tgz'))).manifest.name).toBe('math');
  });

  it('is one that npm packs from the folder, byte for byte the same files', async () => {
    const path = join(folder, 'math');
    await writePackageFolder(path, files);
    const { stdout } = await promisify(execFile)('npm', ['pack', '--json', '--ignore-scripts'], {
      cwd: path,
    });
    const [{ filename }] = JSON.parse(stdout);
    const read = await readExpertPackage(join(path, filename));
    expect(read.manifest.version).toBe('1.0.0');
    expect(read.routerFile).toEqual(files.get(PACKAGE_FILES.router));
  });

  it.each([
    ['leaves the package', 'package/../../etc/passwd'],
    ['is absolute', '/etc/passwd'],
    ['lies deeper', 'package/node_modules/evil.js'],
    ['hides in a backslash', 'package/..\\evil.js'],
  ])('with a path that %s is refused', async (_, path) => {
    const tarball = withHeader((header) => {
      header.fill(0, 0, 100);
      header.set(utf8(path), 0);
    });
    await expect(decodeTarball(tarball)).rejects.toMatchObject({ code: 'package_unsafe' });
  });

  it.each(['1', '2', '3', '5', 'x', 'g', 'L'])('with an entry of type %s is refused', async (type) => {
    const tarball = withHeader((header) => header.set(utf8(type), 156));
    await expect(decodeTarball(tarball)).rejects.toMatchObject({ code: 'package_unsafe' });
  });

  it('with a name twice is refused', async () => {
    const tar = gunzipSync(encodeTarball(files));
    const twice = gzipSync(Buffer.concat([tar.subarray(0, -1024), tar]));
    await expect(decodeTarball(twice)).rejects.toMatchObject({ code: 'package_unsafe' });
  });

  it('that inflates beyond the bound is refused without inflating it', async () => {
    const bomb = gzipSync(new Uint8Array(64 << 20));
    expect(bomb.length).toBeLessThan(100_000);
    await expect(decodeTarball(bomb, 1 << 20)).rejects.toMatchObject({ code: 'package_too_large' });
  });

  it('with a size beyond its end or no number is refused', async () => {
    const sizes = ['77777777777 ', '00000zz0000 ', '-0000000001 '];
    for (const size of sizes) {
      const tarball = withHeader((header) => header.set(utf8(size), 124));
      await expect(decodeTarball(tarball)).rejects.toMatchObject({
        code: expect.stringMatching(/^package_(corrupt|too_large)$/),
      });
    }
  });

  it('cut short or of other bytes is refused', async () => {
    const tarball = encodeTarball(files);
    for (const bytes of [new Uint8Array(0), utf8('not gzip'), tarball.subarray(0, tarball.length / 2)]) {
      await expect(decodeTarball(bytes)).rejects.toMatchObject({ code: 'package_corrupt' });
    }
  });
});
