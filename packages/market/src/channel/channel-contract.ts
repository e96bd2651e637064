import { utf8 } from '@connito/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { verifyPackage } from '../package/verify-package.ts';
import { examplePackage } from '../testing/example-package.ts';
import type { PackageChannel } from './channel.ts';

export type ChannelUnderTest = AsyncDisposable & { readonly channel: PackageChannel };

/** What every channel one can publish to must do. `create` gives an empty one for each test. */
export function describeChannel(name: string, create: () => Promise<ChannelUnderTest>): void {
  describe(`${name} as a channel`, () => {
    let subject: ChannelUnderTest;
    let channel: PackageChannel;
    beforeEach(async () => {
      subject = await create();
      channel = subject.channel;
    });
    afterEach(() => subject[Symbol.asyncDispose]());

    const options = { maxBytes: 1 << 24 };

    it('carries a package unchanged, byte for byte', async () => {
      const files = await examplePackage({ routerFile: utf8('router') });
      await channel.publish(files);
      const fetched = await channel.fetch('math', '1.0.0', options);
      expect([...fetched.keys()].sort()).toEqual([...files.keys()].sort());
      for (const [file, bytes] of files) expect(Buffer.from(fetched.get(file)!)).toEqual(Buffer.from(bytes));
      expect(verifyPackage(fetched).manifest.name).toBe('math');
    });

    it('lists names and versions, the newest first', async () => {
      expect(await channel.versions('math')).toEqual([]);
      for (const version of ['1.0.0', '1.10.0', '1.9.0', '2.0.0-rc.1']) {
        await channel.publish(await examplePackage({ facts: { version } }));
      }
      await channel.publish(await examplePackage({ facts: { name: '@team/law', version: '0.1.0' } }));
      expect(await channel.versions('math')).toEqual(['2.0.0-rc.1', '1.10.0', '1.9.0', '1.0.0']);
      expect(await channel.versions('@team/law')).toEqual(['0.1.0']);
      expect(await channel.names()).toEqual(['@team/law', 'math']);
      const scoped = verifyPackage(await channel.fetch('@team/law', '0.1.0', options));
      expect(scoped.manifest).toMatchObject({ name: '@team/law', version: '0.1.0' });
    });

    it('takes the same package twice, and never another one under its version', async () => {
      await channel.publish(await examplePackage());
      await channel.publish(await examplePackage());
      const other = await examplePackage({ facts: { description: 'Something else.' } });
      await expect(channel.publish(other)).rejects.toMatchObject({ code: 'version_exists' });
      const kept = verifyPackage(await channel.fetch('math', '1.0.0', options));
      expect(kept.manifest.description).not.toBe('Something else.');
    });

    it('says what is missing', async () => {
      await channel.publish(await examplePackage());
      const missing = { code: 'package_missing' };
      await expect(channel.fetch('math', '1.0.1', options)).rejects.toMatchObject(missing);
      await expect(channel.fetch('code', '1.0.0', options)).rejects.toMatchObject(missing);
    });

    it.each(['../math', 'a/b/c', '@/x', 'MATH', '', '.', 'math/..'])('knows no package %j', async (text) => {
      expect(await channel.versions(text)).toEqual([]);
      await expect(channel.fetch(text, '1.0.0', options)).rejects.toMatchObject({ code: 'package_missing' });
      await expect(channel.fetch('math', text, options)).rejects.toMatchObject({ code: 'package_missing' });
    });

    it('hands over no more bytes than its reader allows', async () => {
      await channel.publish(await examplePackage());
      const tight = { maxBytes: 1000 };
      await expect(channel.fetch('math', '1.0.0', tight)).rejects.toMatchObject({
        code: 'package_too_large',
      });
    });

    it('stops at once when its signal has fired', async () => {
      const signal = AbortSignal.abort(new Error('stopping'));
      await expect(channel.versions('math', signal)).rejects.toThrow('stopping');
      await expect(channel.fetch('math', '1.0.0', { ...options, signal })).rejects.toThrow('stopping');
      await expect(channel.publish(await examplePackage(), signal)).rejects.toThrow('stopping');
    });
  });
}
