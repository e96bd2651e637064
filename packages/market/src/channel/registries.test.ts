import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { writePackageFolder } from '../package/package-folder.ts';
import { verifyPackage } from '../package/verify-package.ts';
import { examplePackage } from '../testing/example-package.ts';
import { type ChannelUnderTest, describeChannel } from './channel-contract.ts';
import { NpmChannel } from './npm-channel.ts';
import { S3Channel } from './s3-channel.ts';

// Real servers, from a folder with a lockfile of its own: together they have four times as many packages as all the rest.
const REGISTRIES = fileURLToPath(new URL('../../../../bench/registries', import.meta.url));
const installed = existsSync(join(REGISTRIES, 'node_modules', 'verdaccio'));

if (!installed) {
  describe('channels over real registries', () => {
    it.skip('NOT TESTED: run "npm ci" in bench/registries to test against verdaccio and s3rver', () =>
      undefined);
  });
} else {
  const require = createRequire(join(REGISTRIES, 'package.json'));

  describeChannel('an npm registry (verdaccio)', () => verdaccio());
  describeChannel('S3 (s3rver)', () => s3rver());

  describe('an npm registry (verdaccio)', () => {
    it('takes a package from its own client and hands it to ours', async () => {
      await using registry = await verdaccio();
      await using folder = await temporaryFolder();
      const path = join(folder.path, 'math');
      await writePackageFolder(path, await examplePackage());
      const npmrc = join(folder.path, 'npmrc');
      const host = registry.url.host;
      await writeFile(npmrc, `registry=${registry.url.href}\n//${host}/:_authToken=${registry.token}\n`);
      await promisify(execFile)('npm', ['publish', '--userconfig', npmrc], { cwd: path });
      const fetched = await registry.channel.fetch('math', '1.0.0', { maxBytes: 1 << 24 });
      expect(verifyPackage(fetched).manifest.name).toBe('math');
    });

    it('is published to by nobody without its token', async () => {
      await using registry = await verdaccio();
      const anonymous = new NpmChannel({ registry: registry.url });
      await expect(anonymous.publish(await examplePackage())).rejects.toMatchObject({
        code: 'channel_refused',
      });
    });
  });

  describe('S3 (s3rver)', () => {
    // The server compares no signatures of version 4, only whose they claim to be.
    it('is read by nobody with another key', async () => {
      await using server = await s3rver();
      await server.channel.publish(await examplePackage());
      const stranger = new S3Channel({ url: server.url, accessKeyId: 'STRANGER', secretAccessKey: 'wrong' });
      await expect(stranger.versions('math')).rejects.toMatchObject({ code: 'channel_refused' });
    });
  });

  async function verdaccio(): Promise<ChannelUnderTest & { channel: NpmChannel; url: URL; token: string }> {
    const folder = await temporaryFolder();
    const { runServer } = require('verdaccio') as { runServer(config: object): Promise<Server> };
    const server = await runServer({
      self_path: join(folder.path, 'config.yaml'),
      configPath: join(folder.path, 'config.yaml'),
      storage: join(folder.path, 'storage'),
      auth: { htpasswd: { file: join(folder.path, 'htpasswd'), max_users: 10 } },
      uplinks: {},
      packages: {
        '@*/*': { access: '$all', publish: '$authenticated' },
        '**': { access: '$all', publish: '$authenticated' },
      },
      log: { type: 'stdout', level: 'fatal' },
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    const response = await fetch(new URL('-/user/org.couchdb.user:tester', url), {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'tester', password: 'a password of a test' }),
    });
    const { token } = (await response.json()) as { token: string };
    return {
      url,
      token,
      channel: new NpmChannel({ registry: url, token }),
      [Symbol.asyncDispose]: async () => {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
        await folder[Symbol.asyncDispose]();
      },
    };
  }

  async function s3rver(): Promise<ChannelUnderTest & { channel: S3Channel; url: URL }> {
    const folder = await temporaryFolder();
    type S3rver = { run(): Promise<AddressInfo>; close(): Promise<void> };
    const Server = require('s3rver') as new (options: object) => S3rver;
    const server = new Server({
      address: '127.0.0.1',
      port: 0,
      silent: true,
      directory: folder.path,
      configureBuckets: [{ name: 'experts', configs: [] }],
    });
    const { port } = await server.run();
    const url = new URL(`http://127.0.0.1:${port}/experts/v1/`);
    return {
      url,
      channel: new S3Channel({ url, accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' }),
      [Symbol.asyncDispose]: async () => {
        await server.close();
        await folder[Symbol.asyncDispose]();
      },
    };
  }
}

async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'connito-registry-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
