import {
  type Clock,
  createApp,
  type HttpServer,
  type Log,
  parseJsonRequest,
  parseRequest,
  type RateLimit,
  RateLimiter,
  RequestVerifier,
  serve,
  signedBody,
  silentLog,
  systemClock,
} from '@connito/node';
import { fromHex } from '@connito/protocol';
import type { Hono, MiddlewareHandler } from 'hono';
import { z } from 'zod';
import type { EmbeddedLedger } from './embedded-ledger.ts';
import { LEDGER_STATUSES, ledgerError } from './errors.ts';
import type { Block } from './ledger.ts';
import {
  announceRequestSchema,
  blockJson,
  commitRequestSchema,
  hotkeyParameter,
  LEDGER_AUDIENCE,
  MAX_WAIT_MS,
  NOTES_PER_PAGE,
  neuronsJson,
  notesJson,
  numberParameter,
  payoutsJson,
  payRequestSchema,
  readyRequestSchema,
  weightsRequestSchema,
} from './ledger-wire.ts';

export type LedgerServerOptions = {
  readonly audience?: string;
  /** Signed requests a hotkey may send. */
  readonly writeLimit?: RateLimit;
  /** Requests that may wait for a block at once; each holds a connection. */
  readonly maxWaiters?: number;
};

export type LedgerServerDependencies = {
  readonly ledger: EmbeddedLedger;
  /** Ends waiting requests, with the head as it is, so that a server can stop at once. */
  readonly stopping?: AbortSignal;
  readonly clock?: Clock;
  readonly log?: Log;
  /** Sees every request first, to count it. */
  readonly middleware?: MiddlewareHandler;
};

/** 256 chain weights are about 7 kB of JSON. */
const MAX_BODY_BYTES = 16 * 1024;

/** `MAX_TRANSFERS` of about 90 bytes. */
const MAX_PAYMENT_BYTES = 512 * 1024;

const balanceQuery = z.object({ hotkey: hotkeyParameter, block: numberParameter });
const paymentsQuery = z.object({ from: numberParameter, to: numberParameter });
const blockQuery = z.object({ block: numberParameter });
const waitQuery = z.object({ number: numberParameter });
const notesQuery = z.object({
  from: numberParameter,
  to: numberParameter,
  /** Goes on after the note `from`, `after`; without it, all of block `from` is included. */
  after: numberParameter.optional(),
});

/**
 * An embedded ledger over HTTP. Reads are open to all; writes are signed.
 *
 *     GET  /ledger/head, /ledger/genesis, /ledger/blocks/:number[/content], /ledger/wait?number=,
 *          /ledger/neurons?block=, /ledger/notes?from=&to=[&after=], /ledger/notes/current?block=, /ledger/payouts?block=,
 *          /ledger/balance?hotkey=&block=, /ledger/payments?from=&to=
 *     POST /ledger/register, /ledger/payments, /ledger/notes, /ledger/endpoint, /ledger/weights, /ledger/ready
 */
export function createLedgerApp(options: LedgerServerOptions, dependencies: LedgerServerDependencies): Hono {
  const { ledger, stopping, clock = systemClock, log = silentLog } = dependencies;
  const app = createApp(log, LEDGER_STATUSES, dependencies.middleware);
  const verifier = new RequestVerifier({ audience: options.audience ?? LEDGER_AUDIENCE }, clock);
  const limiter = new RateLimiter(options.writeLimit ?? { burst: 200, perSecond: 50 }, clock);
  const signed = signedBody({ verifier, limiter, maxBodyBytes: MAX_BODY_BYTES });
  const signedPayment = signedBody({ verifier, limiter, maxBodyBytes: MAX_PAYMENT_BYTES });

  app.get('/ledger/head', (context) => context.json(blockJson(ledger.head)));
  app.get('/ledger/genesis', (context) => context.json(ledger.genesis));
  app.get('/ledger/blocks/:number', (context) => {
    const number = parseRequest(numberParameter, context.req.param('number'));
    return context.json(blockJson(ledger.block(number)));
  });
  app.get('/ledger/blocks/:number/content', (context) => {
    const number = parseRequest(numberParameter, context.req.param('number'));
    return context.json(number === 0 ? ledger.sealedGenesis() : ledger.sealedContent(number));
  });
  app.get('/ledger/wait', async (context) => {
    const { number } = parseRequest(waitQuery, context.req.query());
    if (ledger.waiting >= (options.maxWaiters ?? 2_048)) {
      throw ledgerError('too_many_waiters', 'As many clients wait for a block as this server holds.', {
        waiting: ledger.waiting,
      });
    }
    const signals = [context.req.raw.signal, ...(stopping === undefined ? [] : [stopping])];
    return context.json(blockJson(await headOrBlock(ledger, number, clock, AbortSignal.any(signals))));
  });
  app.get('/ledger/neurons', (context) => {
    const { block } = parseRequest(blockQuery, context.req.query());
    return context.json(neuronsJson(ledger.neurons(block)));
  });
  app.get('/ledger/notes', (context) => {
    const { from, to, after } = parseRequest(notesQuery, context.req.query());
    const notes = ledger.notesAfter({ block: from, index: after ?? -1 }, to, NOTES_PER_PAGE + 1);
    return context.json(notesJson(notes.slice(0, NOTES_PER_PAGE), notes.length > NOTES_PER_PAGE));
  });
  app.get('/ledger/notes/current', (context) => {
    const { block } = parseRequest(blockQuery, context.req.query());
    return context.json(notesJson(ledger.currentNotes(block), false));
  });
  app.get('/ledger/payouts', (context) => {
    const { block } = parseRequest(blockQuery, context.req.query());
    return context.json(payoutsJson(ledger.payouts(block)));
  });

  app.get('/ledger/balance', (context) => {
    const { hotkey, block } = parseRequest(balanceQuery, context.req.query());
    return context.json({ balance: ledger.balance(hotkey, block) });
  });
  app.get('/ledger/payments', (context) => {
    const { from, to } = parseRequest(paymentsQuery, context.req.query());
    return context.json({ payments: ledger.payments(from, to) });
  });

  app.post('/ledger/payments', signedPayment, (context) => {
    const { reference, transfers } = parseJsonRequest(payRequestSchema, context.var.body);
    return context.json({ block: ledger.pay(context.var.signed.hotkey, reference, transfers) });
  });
  app.post('/ledger/register', signed, (context) => {
    return context.json({ uid: ledger.register(context.var.signed.hotkey) });
  });
  app.post('/ledger/notes', signed, (context) => {
    const { data, requestId } = parseJsonRequest(commitRequestSchema, context.var.body);
    return context.json({ block: ledger.commit(context.var.signed.hotkey, fromHex(data), requestId) });
  });
  app.post('/ledger/endpoint', signed, (context) => {
    const { endpoint } = parseJsonRequest(announceRequestSchema, context.var.body);
    ledger.announce(context.var.signed.hotkey, endpoint);
    return context.json({});
  });
  app.post('/ledger/weights', signed, (context) => {
    const { weights } = parseJsonRequest(weightsRequestSchema, context.var.body);
    ledger.setWeights(context.var.signed.hotkey, weights);
    return context.json({});
  });
  app.post('/ledger/ready', signed, (context) => {
    const { number } = parseJsonRequest(readyRequestSchema, context.var.body);
    ledger.ready(context.var.signed.hotkey, number);
    return context.json({});
  });
  return app;
}

export type ServeLedgerOptions = LedgerServerOptions & { readonly host?: string; readonly port: number };

/** Serves a ledger; stopping answers the waiting clients at once, which then see the connection go and come back. */
export async function serveLedger(
  options: ServeLedgerOptions,
  dependencies: Omit<LedgerServerDependencies, 'stopping'>,
): Promise<HttpServer> {
  const stopping = new AbortController();
  const app = createLedgerApp(options, { ...dependencies, stopping: stopping.signal });
  const { host, port } = options;
  const server = await serve({ fetch: app.fetch, port, ...(host === undefined ? {} : { host }) });
  const stop = () => {
    stopping.abort();
    return server.stop();
  };
  return { ...server, stop, [Symbol.asyncDispose]: stop };
}

/** The head once it has reached `number`, or as it is when the wait's time is over. */
async function headOrBlock(
  ledger: EmbeddedLedger,
  number: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<Block> {
  const bound = new AbortController();
  const cancelTimer = clock.setTimer(MAX_WAIT_MS, () => bound.abort());
  try {
    return await ledger.waitForBlock(number, AbortSignal.any([signal, bound.signal]));
  } catch (error) {
    if (signal.aborted || bound.signal.aborted) return ledger.head;
    throw error;
  } finally {
    cancelTimer();
  }
}
