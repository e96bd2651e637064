import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { utf8 } from '@connito/protocol';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ManualClock } from '../clock.ts';
import { silentLog } from '../log.ts';
import { HttpClient } from './client.ts';
import { createApp, parseJsonRequest } from './http-error.ts';
import { backoffMs } from './retry.ts';
import { serve } from './serve.ts';

const ONCE = { attempts: 1, firstDelayMs: 0, maxDelayMs: 0 };
const url = new URL('http://127.0.0.1:1/thing');

/** A client whose peer is a function. */
function client(
  answer: (request: Request, attempt: number) => Response | Promise<Response>,
  clock = new ManualClock(),
) {
  let attempts = 0;
  const fetchLike = (input: string | URL | Request, init?: RequestInit) => {
    attempts += 1;
    return Promise.resolve(answer(new Request(input, init), attempts));
  };
  return { client: new HttpClient({ fetch: fetchLike, clock }), attempts: () => attempts, clock };
}

/** Lets everything happen that needs no time. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('http client', () => {
  it('turns an error answer into peer_refused with the stated code', async () => {
    const error = { code: 'no_validator_permit', message: 'No permit.', details: {} };
    const { client: peer, attempts } = client(() => Response.json({ error }, { status: 403 }));
    await expect(peer.send({ url })).rejects.toMatchObject({
      code: 'peer_refused',
      advice: 'reject',
      details: { status: 403, peerCode: 'no_validator_permit', peerMessage: 'No permit.' },
    });
    expect(attempts()).toBe(1);
  });

  it('repeats what may succeed later, backing off', async () => {
    const clock = new ManualClock();
    const { client: peer, attempts } = client(
      (_, n) => (n < 3 ? new Response('', { status: 503 }) : new Response('ok')),
      clock,
    );
    const sending = peer.send({ url });
    for (let i = 0; i < 20; i++) {
      await settle();
      clock.advance(400);
    }
    expect(new TextDecoder().decode((await sending).body)).toBe('ok');
    expect(attempts()).toBe(3);
  });

  it('gives up on a peer that never answers', async () => {
    const clock = new ManualClock();
    const silent = (request: Request) =>
      new Promise<Response>((_, reject) =>
        request.signal.addEventListener('abort', () => reject(request.signal.reason)),
      );
    const { client: peer } = client(silent, clock);
    const sending = peer.send({ url, timeoutMs: 5_000, retry: ONCE });
    const failure = expect(sending).rejects.toMatchObject({
      code: 'peer_timeout',
      details: { timeoutMs: 5_000 },
    });
    await settle();
    clock.advance(5_000);
    await failure;
  });

  it('passes on its caller’s reason to stop', async () => {
    const silent = (request: Request) =>
      new Promise<Response>((_, reject) =>
        request.signal.addEventListener('abort', () => reject(request.signal.reason)),
      );
    const controller = new AbortController();
    const sending = client(silent).client.send({ url, signal: controller.signal });
    controller.abort(new Error('round is over'));
    await expect(sending).rejects.toThrow('round is over');
  });

  it('reads no more than allowed, whatever length is stated', async () => {
    const endless = () =>
      new ReadableStream<Uint8Array>({ pull: (controller) => controller.enqueue(new Uint8Array(1_000)) });
    const { client: peer } = client(() => new Response(endless() as ReadableStream<Uint8Array<ArrayBuffer>>));
    await expect(peer.send({ url, maxResponseBytes: 10_000 })).rejects.toMatchObject({
      code: 'peer_response_too_large',
    });
  });

  it('reports a refused connection as peer_unreachable', async () => {
    const probe = createServer();
    await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
    const { port } = probe.address() as AddressInfo;
    await new Promise((resolve) => probe.close(resolve));
    const request = { url: new URL(`http://127.0.0.1:${port}/`), retry: ONCE };
    await expect(new HttpClient().send(request)).rejects.toMatchObject({
      code: 'peer_unreachable',
      advice: 'retry',
    });
  });
});

it('backs off twice as long each time, up to a bound, with half of it random', () => {
  const policy = { firstDelayMs: 100, maxDelayMs: 1_000 };
  expect([1, 2, 3, 4, 5].map((failures) => backoffMs(policy, failures, () => 1))).toEqual([
    100, 200, 400, 800, 1000,
  ]);
  expect(backoffMs(policy, 3, () => 0)).toBe(200);
});

describe('http server', () => {
  it('says which port is taken', async () => {
    const app = createApp(silentLog);
    await using first = await serve({ fetch: app.fetch, port: 0 });
    await expect(serve({ fetch: app.fetch, port: first.port })).rejects.toMatchObject({
      code: 'port_taken',
      details: { port: first.port },
      message: expect.stringContaining(String(first.port)),
    });
  });

  it('stops while a request hangs', async () => {
    const app = createApp(silentLog);
    let entered = () => {};
    const inside = new Promise<void>((resolve) => {
      entered = resolve;
    });
    app.get('/hang', () => {
      entered();
      return new Promise<Response>(() => {});
    });
    const server = await serve({ fetch: app.fetch, port: 0, graceMs: 10 });
    const hanging = new HttpClient().send({ url: new URL('/hang', server.url), retry: ONCE });
    const failure = expect(hanging).rejects.toMatchObject({ code: 'peer_unreachable' });
    await inside;
    await server.stop();
    await failure;
  });

  it('refuses wrong JSON by field', () => {
    const schema = z.object({ number: z.int() });
    expect(() => parseJsonRequest(schema, utf8('{"number":'))).toThrow(/not JSON/);
    expect(() => parseJsonRequest(schema, utf8('{"number":"1"}'))).toThrow(/number/);
    expect(() => parseJsonRequest(schema, Uint8Array.of(0xff))).toThrow(
      expect.objectContaining({ code: 'invalid_request' }),
    );
  });
});
