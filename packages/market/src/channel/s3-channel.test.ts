import { serve } from '@connito/node';
import { expect, test } from 'vitest';
import { PACKAGE_FILES } from '../package/layout.ts';
import { verifyPackage } from '../package/verify-package.ts';
import {
  EXAMPLE_KEYS,
  exampleFacts,
  examplePackage,
  exampleParameters,
  signed,
} from '../testing/example-package.ts';
import { S3Channel } from './s3-channel.ts';

/** As much of S3 as the channel asks for, with conditions as AWS keeps them. `onPut` is awaited before each object is written. */
async function s3Server(onPut: (key: string) => Promise<void> = async () => undefined) {
  const objects = new Map<string, Uint8Array<ArrayBuffer>>();
  const server = await serve({
    port: 0,
    fetch: async (request) => {
      const url = new URL(request.url);
      const key = decodeURIComponent(url.pathname).replace(/^\/bucket\/?/, '');
      if (url.searchParams.get('list-type') === '2') {
        const prefix = url.searchParams.get('prefix') ?? '';
        const keys = [...objects.keys()].filter((each) => each.startsWith(prefix));
        const contents = keys.map((each) => `<Contents><Key>${each}</Key></Contents>`).join('');
        return new Response(`<ListBucketResult>${contents}</ListBucketResult>`);
      }
      if (request.method === 'PUT') {
        const body = new Uint8Array(await request.arrayBuffer());
        await onPut(key);
        if (request.headers.get('if-none-match') === '*' && objects.has(key))
          return new Response(null, { status: 412 });
        objects.set(key, body);
        return new Response(null);
      }
      const found = objects.get(key);
      return found === undefined ? new Response(null, { status: 404 }) : new Response(found);
    },
  });
  const open = () =>
    new S3Channel({
      url: new URL('/bucket/experts', server.url),
      accessKeyId: 'id',
      secretAccessKey: 'secret',
    });
  return { objects, open, [Symbol.asyncDispose]: () => server.stop() };
}

const other = () =>
  examplePackage({
    facts: { description: 'Another one under the same version.' },
    parameters: exampleParameters(exampleFacts(), 'other'),
  });

test('of two that publish one version at once, one does, and the version is whole', async () => {
  for (const first of [0, 1]) {
    const gate = Promise.withResolvers<void>();
    let puts = 0;
    // The one that comes first to writing waits until the other has come to its end.
    await using server = await s3Server(async () => {
      if (puts++ === first) await gate.promise;
    });
    const packages = [await examplePackage(), await other()];
    const publications = packages.map((files) => server.open().publish(files));
    const ended = publications.map((publication) => publication.catch(() => undefined));
    await Promise.race(ended);
    gate.resolve();
    const outcomes = await Promise.allSettled(publications);
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const won = packages[outcomes.findIndex(({ status }) => status === 'fulfilled')]!;
    const kept = await server.open().fetch('math', '1.0.0', { maxBytes: 1 << 24 });
    expect(verifyPackage(kept).id).toBe(verifyPackage(won).id);
  }
});

test('a publication that broke off is finished by the same package, and by no other', async () => {
  let isBroken = true;
  await using server = await s3Server(async (key) => {
    if (isBroken && key.endsWith(PACKAGE_FILES.manifest)) throw new Error('broken');
  });
  const files = await examplePackage();
  await expect(server.open().publish(files)).rejects.toMatchObject({ code: 'channel_unreachable' });
  expect(await server.open().versions('math')).toEqual([]);
  isBroken = false;
  await expect(server.open().publish(await other())).rejects.toMatchObject({ code: 'version_exists' });
  const { publisher, validator } = EXAMPLE_KEYS;
  await server.open().publish(await signed(files, [publisher, validator]));
  const kept = verifyPackage(await server.open().fetch('math', '1.0.0', { maxBytes: 1 << 24 }));
  expect(kept.signers).toHaveLength(2);
});
