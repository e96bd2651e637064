import {
  type HttpServer,
  keypairFromMiniSecret,
  ManualClock,
  RequestSigner,
  systemClock,
} from '@connito/node';
import { type Uid, utf8 } from '@connito/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkExtract } from './check-extract.ts';
import { EmbeddedLedger } from './embedded-ledger.ts';
import { HttpLedger } from './http-ledger.ts';
import { describeLedger } from './ledger-contract.ts';
import { createLedgerApp, serveLedger } from './ledger-server.ts';

const alice = keypairFromMiniSecret(new Uint8Array(32).fill(1));
const GENESIS = { networkName: 'test', netuid: 1 };
const open = () => EmbeddedLedger.open({ path: ':memory:', genesis: GENESIS });

describeLedger('The embedded ledger over HTTP', async ({ stakes, tempoBlocks }) => {
  const genesis = {
    ...GENESIS,
    tempoBlocks,
    stakes: stakes.map(({ hotkey, stake }) => ({ hotkey, stake: stake.toString() })),
  };
  const ledger = EmbeddedLedger.open({ path: ':memory:', genesis });
  const server = await serveLedger({ port: 0 }, { ledger });
  return {
    as: (keypair) => new HttpLedger({ url: server.url }, { keypair }),
    seal: async () => {
      ledger.seal();
    },
    [Symbol.asyncDispose]: async () => {
      await server.stop();
      ledger.close();
    },
  };
});

describe('ledger server', () => {
  let ledger: EmbeddedLedger;
  beforeEach(() => {
    ledger = open();
  });
  afterEach(() => ledger.close());
  const code = async (response: Response) =>
    ((await response.json()) as { error: { code: string } }).error.code;

  it('serves extracts whose hashes and payouts can be recomputed', async () => {
    ledger.register(alice.hotkey);
    ledger.seal();
    ledger.commit(alice.hotkey, utf8('note'));
    ledger.seal();
    await using server = await serveLedger({ port: 0 }, { ledger });
    const extract = await new HttpLedger({ url: server.url }, { keypair: alice }).extract(2);
    expect(extract).toEqual(ledger.extract(2));
    expect(checkExtract(extract)).toEqual([]);
    const open = await createLedgerApp({}, { ledger }).request('/ledger/blocks/3/content');
    expect([open.status, await code(open)]).toEqual([404, 'unknown_block']);
  });

  it.each([
    '/ledger/blocks/x',
    '/ledger/blocks/x/content',
    '/ledger/blocks/-1',
    '/ledger/blocks/99999999999999999999',
    '/ledger/neurons',
    '/ledger/neurons?block=1e3',
    '/ledger/notes?from=0',
    '/ledger/wait?number=',
  ])('refuses %s', async (path) => {
    const response = await createLedgerApp({}, { ledger }).request(path);
    expect([response.status, await code(response)]).toEqual([400, 'invalid_request']);
  });

  it('refuses unsigned writes and malformed bodies', async () => {
    const app = createLedgerApp({}, { ledger });
    const unsigned = await app.request('/ledger/register', { method: 'POST', body: '{}' });
    expect([unsigned.status, await code(unsigned)]).toEqual([401, 'unsigned_request']);
    const signer = new RequestSigner(alice, systemClock);
    ledger.register(alice.hotkey);
    for (const text of ['{', '[]', '{"data":"zz","requestId":"0"}', '{"data":"00"}']) {
      const body = utf8(text) as Uint8Array<ArrayBuffer>;
      const url = new URL('http://localhost/ledger/notes');
      const response = await app.request(url, {
        method: 'POST',
        headers: signer.headers('ledger', 'POST', url, body),
        body,
      });
      expect([response.status, await code(response)]).toEqual([400, 'invalid_request']);
    }
    ledger.seal();
    expect(ledger.notes(0, 1)).toEqual([]);
  });

  it('answers a waiting request with the head when its time is over, or when it stops', async () => {
    const clock = new ManualClock();
    const stopping = new AbortController();
    const app = createLedgerApp({}, { ledger, clock, stopping: stopping.signal });
    const first = app.request('/ledger/wait?number=5');
    clock.advance(20_000);
    expect(await (await first).json()).toMatchObject({ number: 0 });
    const second = app.request('/ledger/wait?number=5');
    stopping.abort();
    expect(await (await second).json()).toMatchObject({ number: 0 });
    expect(ledger.waiting).toBe(0);
  });

  it('holds no more waiting requests than allowed', async () => {
    const stopping = new AbortController();
    const app = createLedgerApp({ maxWaiters: 1 }, { ledger, stopping: stopping.signal });
    const waiting = app.request('/ledger/wait?number=5');
    const refused = await app.request('/ledger/wait?number=5');
    expect([refused.status, await code(refused)]).toEqual([503, 'too_many_waiters']);
    stopping.abort();
    await waiting;
  });
});

describe('ledger client', () => {
  const never = new AbortController().signal;
  let ledger: EmbeddedLedger;
  let server: HttpServer;
  beforeEach(async () => {
    ledger = open();
    server = await serveLedger({ port: 0 }, { ledger });
  });
  afterEach(async () => {
    await server.stop();
    ledger.close();
  });
  const restart = async () => {
    const { port } = server;
    await server.stop();
    server = await serveLedger({ port }, { ledger });
  };

  it('waits on through a restart of the server, and says ready again', async () => {
    let noticed = () => {};
    const outage = new Promise<void>((resolve) => {
      noticed = resolve;
    });
    const observed: typeof fetch = (input, init) =>
      fetch(input, init).catch((error) => {
        noticed();
        throw error;
      });
    const client = new HttpLedger({ url: server.url }, { keypair: alice, fetch: observed });
    await client.register();
    await client.ready(1);
    const waiting = client.waitForBlock(1, never);
    const readyAgain = new Promise<number>((resolve) => {
      ledger.observe({ registered: () => {}, ready: (_, number) => resolve(number) });
    });
    const { port } = server;
    await server.stop();
    await outage;
    server = await serveLedger({ port }, { ledger });
    expect(await readyAgain).toBe(1);
    ledger.seal();
    expect((await waiting).number).toBe(1);
  });

  it('calls again after a restart without noticing', async () => {
    const client = new HttpLedger({ url: server.url }, { keypair: alice });
    await client.head();
    await restart();
    expect(await client.head()).toEqual(ledger.head);
    expect(await client.register()).toBe(0);
  });

  it('writes a note once when the answer to it is lost', async () => {
    let losses = 2;
    const lossy: typeof fetch = async (input, init) => {
      const response = await fetch(input, init);
      if (new URL(String(input)).pathname.endsWith('/notes') && losses-- > 0)
        throw new TypeError('fetch failed');
      return response;
    };
    const client = new HttpLedger({ url: server.url }, { keypair: alice, fetch: lossy });
    await client.register();
    expect(await client.commit(utf8('once'))).toBe(1);
    ledger.seal();
    expect(ledger.notes(0, 1)).toHaveLength(1);
  });

  it('gives up after a long outage, saying what was not reached', async () => {
    await server.stop();
    const client = new HttpLedger({ url: server.url, outageMs: 50 }, { keypair: alice });
    await expect(client.head()).rejects.toMatchObject({
      code: 'ledger_unreachable',
      details: { url: server.url.href },
    });
    server = await serveLedger({ port: 0 }, { ledger });
  });

  it('says at once that a clock is wrong', async () => {
    const clock = new ManualClock(Date.now() - 5 * 60_000);
    const client = new HttpLedger({ url: server.url }, { keypair: alice, clock });
    await expect(client.register()).rejects.toMatchObject({
      code: 'peer_refused',
      message: expect.stringContaining('clock'),
      details: { peerCode: 'stale_request', allowedMs: 30_000 },
    });
  });

  it('reads long ranges of notes page by page', async () => {
    ledger.register(alice.hotkey);
    for (let block = 1; block <= 9; block++) {
      for (let i = 0; i < 60; i++) ledger.commit(alice.hotkey, Uint8Array.of(block, i));
      ledger.seal();
    }
    const client = new HttpLedger({ url: server.url }, { keypair: alice });
    expect(await client.notes(0, 9)).toEqual(ledger.notes(0, 9));
    expect(await client.currentNotes(5)).toEqual(ledger.currentNotes(5));
  });

  it('refuses answers that are not what they should be', async () => {
    const wrong: typeof fetch = async () => Response.json({ number: -1, hash: 'x' });
    const client = new HttpLedger({ url: server.url }, { keypair: alice, fetch: wrong });
    await expect(client.head()).rejects.toMatchObject({ code: 'peer_malformed' });
  });

  it('passes refusals on as the ledger would throw them', async () => {
    const client = new HttpLedger({ url: server.url }, { keypair: alice });
    await client.register();
    ledger.seal();
    await expect(client.setWeights([{ uid: 0 as Uid, weight: 1 }])).rejects.toMatchObject({
      code: 'no_validator_permit',
      advice: 'reject',
    });
  });
});
