import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  HttpClient,
  keypairFromMiniSecret,
  ManualClock,
  RequestSigner,
  serve,
  systemClock,
} from '@connito/node';
import { sha256Hex, utf8 } from '@connito/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { describeArtifactStore } from './artifact-store-contract.ts';
import { DirectoryStore } from './directory-store.ts';
import { HttpStore } from './http-store.ts';
import {
  createStoreApp,
  type StoreServerDependencies,
  type StoreServerOptions,
} from './http-store-server.ts';

const owner = keypairFromMiniSecret(new Uint8Array(32).fill(1));
const stranger = keypairFromMiniSecret(new Uint8Array(32).fill(2));
const retry = { attempts: 1, firstDelayMs: 0, maxDelayMs: 0 };

type Changes = Partial<StoreServerOptions> & Partial<StoreServerDependencies>;

async function storeServer(changes: Changes = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'connito-http-store-'));
  const store = await DirectoryStore.open(directory);
  const app = createStoreApp(
    { maxArtifactBytes: 4_000_000, ...changes },
    { store, mayPut: (hotkey) => hotkey === owner.hotkey, ...changes },
  );
  const server = await serve({ fetch: app.fetch, port: 0, graceMs: 10 });
  const client = (keypair = owner) =>
    new HttpStore(
      { sources: [server.url], upload: { url: server.url }, retry },
      { signer: new RequestSigner(keypair, systemClock) },
    );
  return {
    app,
    server,
    directory,
    local: store,
    client,
    [Symbol.asyncDispose]: async () => {
      await server.stop();
      await rm(directory, { recursive: true });
    },
  };
}

describeArtifactStore('HTTP', async () => {
  const server = await storeServer();
  return {
    store: server.client(),
    enumerable: false,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
});

const bytes = utf8('0123456789abcdef');
const hash = sha256Hex(bytes);

describe('store server', () => {
  let subject: Awaited<ReturnType<typeof storeServer>>;
  beforeEach(async () => {
    subject = await storeServer({ quotaBytes: 40 });
  });
  afterEach(() => subject[Symbol.asyncDispose]());

  it('takes uploads of allowed hotkeys only', async () => {
    await expect(subject.client(stranger).put(bytes)).rejects.toMatchObject({
      code: 'peer_refused',
      details: { status: 403, peerCode: 'hotkey_not_allowed' },
    });
    const unsigned = await subject.app.request(`/artifacts/${hash}`, { method: 'PUT', body: bytes });
    expect(unsigned.status).toBe(401);
    expect(await readdir(subject.directory)).toEqual([]);
  });

  it('refuses what is too large before reading it', async () => {
    const large = new Uint8Array(4_000_001);
    await expect(subject.client().put(large)).rejects.toMatchObject({ code: 'artifact_too_large' });
  });

  it('holds each hotkey to its quota, counting nothing twice', async () => {
    const client = subject.client();
    await client.put(bytes);
    await client.put(bytes);
    await client.put(utf8('fedcba9876543210'));
    await expect(client.put(utf8('one more artifact'))).rejects.toMatchObject({ code: 'quota_exceeded' });
  });

  it('refuses bytes that are not what the path names', async () => {
    const url = new URL(`http://localhost/artifacts/${hash}`);
    const body = utf8('0123456789abcdeX');
    const headers = new RequestSigner(owner, systemClock).headers('store', 'PUT', url, bytes);
    const put = (init: RequestInit) => subject.app.request(url, { method: 'PUT', ...init });
    const sent = await put({ headers: { ...headers, 'content-length': '16' }, body });
    expect([sent.status, ((await sent.json()) as { error: { code: string } }).error.code]).toEqual([
      400,
      'artifact_corrupt',
    ]);
    expect(await readdir(subject.directory)).toEqual([]);
  });

  it('answers ranges, HEAD and errors as HTTP says', async () => {
    await subject.local.put(bytes);
    const get = (range: string) => subject.app.request(`/artifacts/${hash}`, { headers: { range } });
    const part = await get('bytes=4-7');
    expect([part.status, part.headers.get('content-range'), await part.text()]).toEqual([
      206,
      'bytes 4-7/16',
      '4567',
    ]);
    expect(await (await get('bytes=-3')).text()).toBe('def');
    expect(await (await get('bytes=12-')).text()).toBe('cdef');
    expect((await get('bytes=0-1,4-5')).status).toBe(200);
    const beyond = await get('bytes=16-');
    expect([beyond.status, beyond.headers.get('content-range')]).toEqual([416, 'bytes */16']);
    const head = await subject.app.request(`/artifacts/${hash}`, { method: 'HEAD' });
    expect([head.status, head.headers.get('content-length'), await head.text()]).toEqual([200, '16', '']);
  });

  it('cannot be listed, nor left by a path', async () => {
    await subject.local.put(bytes);
    for (const path of [
      '/artifacts',
      '/artifacts/',
      '/',
      '/artifacts/..%2f..%2fetc%2fpasswd',
      '/artifacts/%00',
    ]) {
      const response = await subject.app.request(path);
      expect([400, 404]).toContain(response.status);
      expect(await response.text()).not.toContain(hash);
    }
  });
});

it('hands out nothing that is withheld', async () => {
  let open = false;
  await using subject = await storeServer({ mayServe: () => open });
  await subject.local.put(bytes);
  await expect(subject.client().get(hash, { maxBytes: 100 })).rejects.toMatchObject({
    code: 'artifact_missing',
  });
  open = true;
  await expect(subject.client().get(hash, { maxBytes: 100 })).resolves.toHaveLength(16);
});

/** A peer that answers as a test says, and remembers which ranges it was asked for. */
async function peer(answer: (request: IncomingMessage, response: ServerResponse, call: number) => void) {
  const ranges: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    ranges.push(request.headers.range);
    answer(request, response, ranges.length);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    ranges,
    [Symbol.asyncDispose]: () => {
      server.closeAllConnections();
      return new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

describe('fetching from unreliable peers', () => {
  /** Moved on by the peers that keep their client waiting. */
  const clock = new ManualClock();

  const good = () =>
    peer((_, response) => {
      response.writeHead(200, { 'content-length': '16' }).end(bytes);
    });
  const fetchFrom = (...sources: { readonly url: URL }[]) =>
    new HttpStore(
      { sources: sources.map(({ url }) => url), retry },
      { client: new HttpClient({ clock }) },
    ).get(hash, { maxBytes: 100 });

  it('resumes a truncated transfer from where it stopped', async () => {
    await using flaky = await peer((_, response, call) => {
      if (call === 1) {
        response.writeHead(200, { 'content-length': '16' });
        response.write(bytes.subarray(0, 6), () => response.destroy());
      } else
        response
          .writeHead(206, { 'content-range': 'bytes 6-15/16', 'content-length': '10' })
          .end(bytes.subarray(6));
    });
    expect(Buffer.from(await fetchFrom(flaky))).toEqual(Buffer.from(bytes));
    expect(flaky.ranges).toEqual([undefined, 'bytes=6-']);
  });

  it.each<[string, (request: IncomingMessage, response: ServerResponse) => void]>([
    [
      'wrong bytes',
      (_, response) => response.writeHead(200, { 'content-length': '16' }).end('0123456789abcdeX'),
    ],
    ['an empty answer', (_, response) => response.writeHead(200, { 'content-length': '0' }).end()],
    [
      'a size beyond the bound',
      (_, response) => response.writeHead(200, { 'content-length': '999999999999' }).write('x'),
    ],
    ['an unstated size', (_, response) => response.writeHead(200).end(bytes)],
    ['nothing, ever', () => clock.advance(60_000)],
    [
      'headers and then nothing',
      (_, response) => {
        response.writeHead(200, { 'content-length': '16' }).flushHeaders();
        setImmediate(() => clock.advance(60_000));
      },
    ],
    ['a closed connection', (request) => request.socket.destroy()],
    ['a server error', (_, response) => response.writeHead(500).end('oops')],
    ['a redirect', (_, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()],
    ['a 404', (_, response) => response.writeHead(404).end()],
  ])('goes to the next source after %s', async (_, answer) => {
    await using bad = await peer(answer);
    await using next = await good();
    expect(Buffer.from(await fetchFrom(bad, next))).toEqual(Buffer.from(bytes));
    expect(next.ranges).toHaveLength(1);
  });

  it('says what was wrong when no source helps, rather than that it is missing', async () => {
    await using lying = await peer((_, response) =>
      response.writeHead(200, { 'content-length': '16' }).end('x'.repeat(16)),
    );
    await using without = await peer((_, response) => response.writeHead(404).end());
    await expect(fetchFrom(without, lying)).rejects.toMatchObject({ code: 'artifact_corrupt' });
    await expect(fetchFrom(without)).rejects.toMatchObject({ code: 'artifact_missing' });
    await expect(fetchFrom()).rejects.toMatchObject({ code: 'artifact_missing' });
  });

  it('does not go round for ever with a source that breaks off at the same place', async () => {
    await using stuck = await peer((_, response, call) => {
      if (call > 1) return response.destroy();
      response.writeHead(200, { 'content-length': '16' });
      response.write(bytes.subarray(0, 6), () => response.destroy());
    });
    await expect(fetchFrom(stuck)).rejects.toMatchObject({ code: 'peer_unreachable' });
    expect(stuck.ranges.length).toBeLessThan(6);
  });
});
