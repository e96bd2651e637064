import { utf8 } from '@connito/protocol';
import type { Hono } from 'hono';
import { beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../clock.ts';
import { keypairFromMiniSecret } from '../keys/keypair.ts';
import { silentLog } from '../log.ts';
import { createApp } from './http-error.ts';
import { RateLimiter } from './rate-limiter.ts';
import { REQUEST_KEY_LIFETIME_MS } from './request-key.ts';
import { RequestSigner, RequestVerifier, SIGNED_HEADERS, type VerifierOptions } from './signed-request.ts';
import { type SignedRouteOptions, signedBody } from './signed-route.ts';

const miner = keypairFromMiniSecret(new Uint8Array(32).fill(1));
const stranger = keypairFromMiniSecret(new Uint8Array(32).fill(2));
const URL_OF_NOTES = new URL('http://localhost/notes?kind=commit');
const BODY = utf8('{"data":"00"}');
const START_MS = 1_800_000_000_000;

let serverClock: ManualClock;
let clientClock: ManualClock;
let signer: RequestSigner;
beforeEach(() => {
  serverClock = new ManualClock(START_MS);
  clientClock = new ManualClock(START_MS);
  signer = new RequestSigner(miner, clientClock);
});

function server(route: Partial<SignedRouteOptions> = {}, verifier: Partial<VerifierOptions> = {}): Hono {
  const app = createApp(silentLog);
  const options = {
    verifier: new RequestVerifier({ audience: 'ledger', ...verifier }, serverClock),
    ...route,
  };
  app.post('/notes', signedBody({ ...options, maxBodyBytes: 100 }), (context) =>
    context.json({ hotkey: context.var.signed.hotkey, bytes: context.var.body.length }),
  );
  return app;
}

const headers = (body = BODY, url = URL_OF_NOTES) => signer.headers('ledger', 'POST', url, body);

type Change = { url?: URL; headers?: Headers | Record<string, string>; body?: Uint8Array };
async function post(app: Hono, change: Change = {}) {
  const response = await app.request(change.url ?? URL_OF_NOTES, {
    method: 'POST',
    headers: change.headers ?? headers(),
    body: (change.body ?? BODY) as Uint8Array<ArrayBuffer>,
  });
  const answer = (await response.json()) as { hotkey?: string; error?: { code: string; details: object } };
  return { status: response.status, code: answer.error?.code, answer };
}

describe('signed request', () => {
  it('names its hotkey to the handler', async () => {
    const { status, answer } = await post(server());
    expect(status).toBe(200);
    expect(answer).toEqual({ hotkey: miner.hotkey, bytes: BODY.length });
  });

  it('is accepted once: a replayed nonce is refused', async () => {
    const app = server();
    const sent = headers();
    expect((await post(app, { headers: sent })).status).toBe(200);
    expect(await post(app, { headers: sent })).toMatchObject({ status: 401, code: 'replayed_request' });
  });

  it.each([-31_000, 31_000])('is refused %i ms off the server’s clock', async (skewMs) => {
    clientClock = new ManualClock(START_MS + skewMs);
    signer = new RequestSigner(miner, clientClock);
    expect(await post(server())).toMatchObject({ status: 401, code: 'stale_request' });
  });

  it.each([
    ['path', { url: new URL('http://localhost/notes?kind=vote') }, 'bad_signature'],
    ['body', { body: utf8('{"data":"01"}') }, 'body_mismatch'],
  ])('binds its %s', async (_, change, code) => {
    const result = await post(server(), { ...change, headers: headers() });
    expect(result.code).toBe(code);
  });

  it.each(Object.values(SIGNED_HEADERS))('needs the header %s, well formed', async (name) => {
    const without = new Headers(headers());
    without.delete(name);
    expect(await post(server(), { headers: without })).toMatchObject({
      status: 401,
      code: 'unsigned_request',
    });
    const malformed = new Headers(headers());
    malformed.set(name, 'zz');
    expect(await post(server(), { headers: malformed })).toMatchObject({
      status: 401,
      code: 'unsigned_request',
    });
  });

  it('signed for one server is refused by another', async () => {
    expect(await post(server({}, { audience: 'store' }))).toMatchObject({
      status: 401,
      code: 'bad_signature',
    });
  });

  it('under a request key that another hotkey signed for is refused', async () => {
    const sent = { ...headers(), [SIGNED_HEADERS.hotkey]: stranger.hotkey };
    expect(await post(server(), { headers: sent })).toMatchObject({ status: 401, code: 'bad_signature' });
  });

  it('under an expired request key is refused, and the signer renews its key in time', async () => {
    const app = server();
    const old = headers();
    clientClock.advance(REQUEST_KEY_LIFETIME_MS + 60_000);
    serverClock.advance(REQUEST_KEY_LIFETIME_MS + 60_000);
    const oldKey = { ...headers(), [SIGNED_HEADERS.key]: old[SIGNED_HEADERS.key] ?? '' };
    expect(await post(app, { headers: oldKey })).toMatchObject({ status: 401, code: 'stale_request' });
    expect((await post(app)).status).toBe(200);
  });

  it('of a hotkey that is not allowed is refused before its signature is checked', async () => {
    const app = server({ allow: (hotkey) => hotkey === stranger.hotkey });
    const forged = { ...headers(), [SIGNED_HEADERS.signature]: '0'.repeat(128) };
    expect(await post(app, { headers: forged })).toMatchObject({ status: 403, code: 'hotkey_not_allowed' });
  });

  it('with an oversized body is refused, stated or not', async () => {
    const giant = new Uint8Array(10_000);
    const stated = { ...headers(giant), 'content-length': String(giant.length) };
    expect(await post(server(), { body: giant, headers: stated })).toMatchObject({
      status: 413,
      code: 'body_too_large',
    });
    expect(await post(server(), { body: giant, headers: headers(giant) })).toMatchObject({ status: 413 });
  });

  it('comes no more often than granted, for each hotkey by itself', async () => {
    const app = server({ limiter: new RateLimiter({ burst: 2, perSecond: 1 }, serverClock) });
    expect((await post(app)).status).toBe(200);
    expect((await post(app)).status).toBe(200);
    const refused = await post(app);
    expect(refused).toMatchObject({ status: 429, code: 'rate_limited' });
    expect(refused.answer.error?.details).toEqual({ retryAfterMs: 1000 });
    signer = new RequestSigner(stranger, clientClock);
    expect((await post(app)).status).toBe(200);
    signer = new RequestSigner(miner, clientClock);
    serverClock.advance(1000);
    expect((await post(app)).status).toBe(200);
  });

  it('is refused rather than an earlier nonce forgotten', async () => {
    const app = server({}, { maxNonces: 2 });
    const first = headers();
    expect((await post(app, { headers: first })).status).toBe(200);
    expect((await post(app)).status).toBe(200);
    expect((await post(app)).status).toBe(429);
    expect(await post(app, { headers: first })).toMatchObject({ code: 'replayed_request' });
    serverClock.advance(31_000);
    clientClock.advance(31_000);
    expect((await post(app)).status).toBe(200);
  });

  it('floods of new request keys do not lock out known ones', async () => {
    const app = server({}, { delegationChecks: { burst: 2, perSecond: 1 } });
    expect((await post(app)).status).toBe(200);
    for (const expected of [401, 429]) {
      const sent = new Headers(headers());
      sent.set(SIGNED_HEADERS.key, `${START_MS + 1000}.${'1'.repeat(64)}.${'2'.repeat(128)}`);
      expect((await post(app, { headers: sent })).status).toBe(expected);
    }
    expect((await post(app)).status).toBe(200);
  });
});

it('answers unknown routes and unforeseen faults without saying more than it should', async () => {
  const app = server();
  app.get('/fault', () => {
    throw new Error('the database password is hunter2');
  });
  const unknown = await app.request('/nowhere');
  expect(unknown.status).toBe(404);
  expect(await unknown.json()).toMatchObject({ error: { code: 'unknown_route' } });
  const fault = await app.request('/fault');
  expect(fault.status).toBe(500);
  expect(await fault.text()).not.toContain('hunter2');
});
