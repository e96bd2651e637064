import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PACKAGE_FILES } from '../package/layout.ts';
import { examplePackage } from '../testing/example-package.ts';
import type { PackageChannel } from './channel.ts';
import { describeChannel } from './channel-contract.ts';
import { DirectoryChannel } from './directory-channel.ts';
import { openChannel } from './open-channel.ts';
import { TarballChannel } from './tarball-channel.ts';

const below = (make: (folder: string) => PackageChannel) => async () => {
  const folder = await mkdtemp(join(tmpdir(), 'connito-channel-'));
  return {
    channel: make(join(folder, 'packages')),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
};

describeChannel(
  'a directory',
  below((folder) => new DirectoryChannel(folder)),
);
describeChannel(
  'a directory of tarballs',
  below((folder) => new TarballChannel(folder)),
);

describe('a folder of packages', () => {
  it('says so when the version it has is damaged, and takes it for no other', async () => {
    await using made = await below((folder) => new DirectoryChannel(folder))();
    const channel = made.channel as DirectoryChannel;
    await channel.publish(await examplePackage());
    await writeFile(join(channel.folderOf('math', '1.0.0'), PACKAGE_FILES.experts), 'damaged');
    await expect(channel.publish(await examplePackage())).rejects.toMatchObject({ code: 'package_corrupt' });
  });

  it('takes no copy of a tarball for a version', async () => {
    await using made = await below((folder) => new TarballChannel(folder))();
    const { channel } = made;
    await channel.publish(await examplePackage());
    const folder = channel.address.slice('tarballs:'.length);
    await rename(join(folder, 'math_1.0.0.tgz'), join(folder, 'math_1.0.0_copy.tgz'));
    expect(await channel.versions('math')).toEqual([]);
    expect(await channel.names()).toEqual([]);
  });
});

describe('an address', () => {
  it('names its channel', () => {
    const s3 = { s3AccessKeyId: 'id', s3SecretAccessKey: 'secret' };
    expect(openChannel('/srv/experts').address).toBe('dir:/srv/experts');
    expect(openChannel('tarballs:/srv/experts').address).toBe('tarballs:/srv/experts');
    expect(openChannel('npm:http://127.0.0.1:4873').address).toBe('npm:http://127.0.0.1:4873/');
    expect(openChannel('s3:http://127.0.0.1:4568/experts/v1', s3).address).toContain('/experts/v1');
    expect(openChannel('hf:https://hub.example/team/math').address).toBe('hf:https://hub.example/team/math');
  });

  it.each([
    'ftp://example.org/x',
    'npm:example.org',
    'npm:file:///etc',
    's3:https://id:secret@example.org/b',
  ])('%s is refused', (address) => {
    const credentials = { s3AccessKeyId: 'id', s3SecretAccessKey: 'secret' };
    expect(() => openChannel(address, credentials)).toThrow(
      expect.objectContaining({ code: 'invalid_channel' }),
    );
  });

  it('of S3 needs credentials', () => {
    expect(() => openChannel('s3:http://127.0.0.1:4568/experts')).toThrow(/AWS_ACCESS_KEY_ID/);
  });
});
