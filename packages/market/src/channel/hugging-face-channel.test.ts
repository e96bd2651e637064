import { describe, expect, it } from 'vitest';
import { PACKAGE_FILES, type PackageFiles } from '../package/layout.ts';
import { verifyPackage } from '../package/verify-package.ts';
import { examplePackage } from '../testing/example-package.ts';
import type { Fetch } from './http.ts';
import { HuggingFaceChannel } from './hugging-face-channel.ts';

const repository = new URL('https://hub.example/team/math-experts');

/** A hub as its public API answers: tags of a repository, and files as of a tag. */
function hub(tagged: Readonly<Record<string, PackageFiles>>): { fetch: Fetch; asked: string[] } {
  const asked: string[] = [];
  const fetch: Fetch = async (address) => {
    const { pathname } = new URL(address);
    asked.push(pathname);
    if (pathname === '/api/models/team/math-experts/refs') {
      const tags = Object.keys(tagged).map((name) => ({ name, ref: `refs/tags/${name}`, targetCommit: '0' }));
      return Response.json({ branches: [], converts: [], tags });
    }
    const [, tag = '', file = ''] = /^\/team\/math-experts\/resolve\/([^/]+)\/(.+)$/.exec(pathname) ?? [];
    const bytes = tagged[tag]?.get(file as typeof PACKAGE_FILES.card);
    return bytes === undefined
      ? new Response('Entry not found', { status: 404 })
      : new Response(new Uint8Array(bytes));
  };
  return { fetch, asked };
}

describe('a Hugging Face repository as a channel', () => {
  it('hands over the version of a tag, byte for byte', async () => {
    const [one, two] = [await examplePackage(), await examplePackage({ facts: { version: '1.1.0' } })];
    const { fetch, asked } = hub({ 'v1.0.0': one, 'v1.1.0': two, main: two, 'v-broken': two });
    const channel = new HuggingFaceChannel({ repository }, fetch);
    expect(await channel.names()).toEqual(['math']);
    expect(await channel.versions('math')).toEqual(['1.1.0', '1.0.0']);
    expect(await channel.versions('law')).toEqual([]);
    const files = await channel.fetch('math', '1.0.0', { maxBytes: 1 << 24 });
    expect(verifyPackage(files).manifest.version).toBe('1.0.0');
    expect(asked.some((path) => path.includes('main'))).toBe(false);
  });

  it('says what is missing, and that it is read only', async () => {
    const channel = new HuggingFaceChannel({ repository }, hub({ 'v1.0.0': await examplePackage() }).fetch);
    const options = { maxBytes: 1 << 24 };
    await expect(channel.fetch('math', '2.0.0', options)).rejects.toMatchObject({ code: 'package_missing' });
    await expect(channel.publish()).rejects.toMatchObject({ code: 'channel_refused' });
    const lacking = new Map(await examplePackage());
    lacking.delete(PACKAGE_FILES.experts);
    const partial = new HuggingFaceChannel({ repository }, hub({ 'v1.0.0': lacking }).fetch);
    await expect(partial.fetch('math', '1.0.0', options)).rejects.toMatchObject({ code: 'channel_refused' });
  });

  it('hands over no more bytes than its reader allows', async () => {
    const channel = new HuggingFaceChannel({ repository }, hub({ 'v1.0.0': await examplePackage() }).fetch);
    await expect(channel.fetch('math', '1.0.0', { maxBytes: 5000 })).rejects.toMatchObject({
      code: 'package_too_large',
    });
  });
});
