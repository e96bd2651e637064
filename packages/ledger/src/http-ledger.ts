import { randomBytes } from 'node:crypto';
import {
  backoffMs,
  type Clock,
  HttpClient,
  hasCode,
  type Keypair,
  nodeError,
  RequestSigner,
  sleep,
  systemClock,
} from '@connito/node';
import { ConnitoError, type Hotkey, toHex, type Uid, utf8 } from '@connito/protocol';
import { z } from 'zod';
import { isWireCode, ledgerError } from './errors.ts';
import type { Block, ChainWeight, Ledger, LedgerNote, Neuron, NeuronPayout } from './ledger.ts';
import {
  type LedgerExtract,
  parseSealedGenesis,
  type SealedContent,
  sealedContentSchema,
  sealedGenesisSchema,
} from './ledger-extract.ts';
import {
  balanceSchema,
  blockSchema,
  committedSchema,
  LEDGER_AUDIENCE,
  MAX_WAIT_MS,
  neuronsSchema,
  notesSchema,
  paymentsSchema,
  payoutsSchema,
  registeredSchema,
} from './ledger-wire.ts';
import type { Payment, PaymentLedger, Transfer } from './payments.ts';

export type HttpLedgerOptions = {
  readonly url: URL;
  readonly audience?: string;
  /** For how long the server may be away before a call fails with `ledger_unreachable`. */
  readonly outageMs?: number;
  readonly requestTimeoutMs?: number;
};

export type HttpLedgerDependencies = {
  readonly keypair: Keypair;
  readonly clock?: Clock;
  readonly fetch?: typeof fetch;
};

const DEFAULT_OUTAGE_MS = 60_000;
const DEFAULT_REQUEST_TIMEOUT_MS = 10_000;
const BACKOFF = { firstDelayMs: 100, maxDelayMs: 2_000 };
const NO_RETRY = { attempts: 1, firstDelayMs: 0, maxDelayMs: 0 };
/** 65,536 neurons do not fit, 256 do many times over. */
const MAX_RESPONSE_BYTES = 8 * 1024 * 1024;

type Call = {
  readonly path: string;
  readonly query?: Readonly<Record<string, number | string>>;
  /** Given for a signed write. */
  readonly body?: unknown;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
};

/**
 * A ledger served by another process. Lost connections are retried, a note's retry never writes it twice, and a wait
 * survives a restart of the server; an outage longer than `outageMs` is an error.
 */
export class HttpLedger implements Ledger, PaymentLedger {
  readonly #options: HttpLedgerOptions;
  readonly #client: HttpClient;
  readonly #clock: Clock;
  /** The last block we said ready for: told again after an outage, since the server keeps it in memory only. */
  #lastReady: number | null = null;

  constructor(options: HttpLedgerOptions, dependencies: HttpLedgerDependencies) {
    this.#options = options;
    this.#clock = dependencies.clock ?? systemClock;
    this.#client = new HttpClient({
      signer: new RequestSigner(dependencies.keypair, this.#clock),
      clock: this.#clock,
      ...(dependencies.fetch === undefined ? {} : { fetch: dependencies.fetch }),
    });
  }

  head(signal?: AbortSignal): Promise<Block> {
    return this.#call(blockSchema, { path: 'head', signal });
  }

  block(number: number, signal?: AbortSignal): Promise<Block> {
    return this.#call(blockSchema, { path: `blocks/${number}`, signal });
  }

  async waitForBlock(number: number, signal: AbortSignal): Promise<Block> {
    const onReturn = () => this.#repeatReady(signal);
    for (;;) {
      const timeoutMs = MAX_WAIT_MS + (this.#options.requestTimeoutMs ?? DEFAULT_REQUEST_TIMEOUT_MS);
      const call = { path: 'wait', query: { number }, timeoutMs, signal };
      const head = await this.#call(blockSchema, call, onReturn);
      if (head.number >= number) return head;
    }
  }

  async register(signal?: AbortSignal): Promise<Uid> {
    return (await this.#call(registeredSchema, { path: 'register', body: {}, signal })).uid;
  }

  async neurons(atBlock: number, signal?: AbortSignal): Promise<readonly Neuron[]> {
    return (await this.#call(neuronsSchema, { path: 'neurons', query: { block: atBlock }, signal })).neurons;
  }

  async commit(data: Uint8Array, signal?: AbortSignal): Promise<number> {
    const body = { data: toHex(data), requestId: randomBytes(16).toString('hex') };
    return (await this.#call(committedSchema, { path: 'notes', body, signal })).block;
  }

  async notes(fromBlock: number, toBlock: number, signal?: AbortSignal): Promise<readonly LedgerNote[]> {
    const notes: LedgerNote[] = [];
    for (;;) {
      const last = notes.at(-1);
      const from = last === undefined ? { from: fromBlock } : { from: last.block, after: last.index };
      const page = await this.#call(notesSchema, { path: 'notes', query: { ...from, to: toBlock }, signal });
      notes.push(...page.notes);
      // A server that promises more but sends nothing would keep us here for ever.
      if (!page.more || page.notes.length === 0) return notes;
    }
  }

  /** Each hotkey's last note as of a sealed block. */
  async currentNotes(atBlock: number, signal?: AbortSignal): Promise<readonly LedgerNote[]> {
    return (await this.#call(notesSchema, { path: 'notes/current', query: { block: atBlock }, signal }))
      .notes;
  }

  /** All blocks up to a sealed one, with what their hashes cover. Taken as served: `checkExtract` says whether it is sound. */
  async extract(toBlock: number, signal?: AbortSignal): Promise<LedgerExtract> {
    const sealed = await this.#call(sealedGenesisSchema, { path: 'blocks/0/content', signal });
    const blocks: SealedContent[] = [];
    for (let number = 1; number <= toBlock; number++) {
      blocks.push(await this.#call(sealedContentSchema, { path: `blocks/${number}/content`, signal }));
    }
    return { format: 'connito/1/ledger-extract', genesis: parseSealedGenesis(sealed), blocks };
  }

  async announce(endpoint: string, signal?: AbortSignal): Promise<void> {
    await this.#call(z.object({}), { path: 'endpoint', body: { endpoint }, signal });
  }

  async setWeights(weights: readonly ChainWeight[], signal?: AbortSignal): Promise<void> {
    await this.#call(z.object({}), { path: 'weights', body: { weights }, signal });
  }

  async payouts(atBlock: number, signal?: AbortSignal): Promise<readonly NeuronPayout[]> {
    return (await this.#call(payoutsSchema, { path: 'payouts', query: { block: atBlock }, signal })).payouts;
  }

  async balance(hotkey: Hotkey, atBlock: number, signal?: AbortSignal): Promise<number> {
    const query = { hotkey, block: atBlock };
    return (await this.#call(balanceSchema, { path: 'balance', query, signal })).balance;
  }

  async pay(reference: string, transfers: readonly Transfer[], signal?: AbortSignal): Promise<number> {
    // The reference makes repeating it harmless.
    const body = { reference, transfers };
    return (await this.#call(committedSchema, { path: 'payments', body, signal })).block;
  }

  async payments(fromBlock: number, toBlock: number, signal?: AbortSignal): Promise<readonly Payment[]> {
    const query = { from: fromBlock, to: toBlock };
    return (await this.#call(paymentsSchema, { path: 'payments', query, signal })).payments;
  }

  async ready(number: number, signal?: AbortSignal): Promise<void> {
    await this.#call(z.object({}), { path: 'ready', body: { number }, signal });
    this.#lastReady = Math.max(number, this.#lastReady ?? 0);
  }

  /** Repeats a call through an outage; `onReturn` runs before the first attempt after one. */
  async #call<T>(schema: z.ZodType<T>, call: Call, onReturn?: () => Promise<void>): Promise<T> {
    let outageStartMs: number | null = null;
    for (let failures = 0; ; ) {
      try {
        if (failures > 0) await onReturn?.();
        return await this.#attempt(schema, call);
      } catch (caught) {
        call.signal?.throwIfAborted();
        const error = ownError(caught);
        if (!isOutage(error)) throw error;
        outageStartMs ??= this.#clock.nowMs();
        failures += 1;
        const outageMs = this.#clock.nowMs() - outageStartMs;
        if (outageMs >= (this.#options.outageMs ?? DEFAULT_OUTAGE_MS))
          throw this.#unreachable(outageMs, error);
        await sleep(this.#clock, backoffMs(BACKOFF, failures), call.signal);
      }
    }
  }

  async #attempt<T>(schema: z.ZodType<T>, call: Call): Promise<T> {
    const url = new URL(`ledger/${call.path}`, withSlash(this.#options.url));
    for (const [name, value] of Object.entries(call.query ?? {})) url.searchParams.set(name, String(value));
    const response = await this.#client.send({
      url,
      timeoutMs: call.timeoutMs ?? this.#options.requestTimeoutMs ?? DEFAULT_REQUEST_TIMEOUT_MS,
      maxResponseBytes: MAX_RESPONSE_BYTES,
      retry: NO_RETRY,
      ...(call.signal === undefined ? {} : { signal: call.signal }),
      ...(call.body === undefined
        ? {}
        : {
            method: 'POST' as const,
            audience: this.#options.audience ?? LEDGER_AUDIENCE,
            headers: { 'content-type': 'application/json' },
            body: utf8(JSON.stringify(call.body)),
          }),
    });
    return parseAnswer(schema, response.body, url);
  }

  async #repeatReady(signal: AbortSignal): Promise<void> {
    if (this.#lastReady === null) return;
    await this.#attempt(z.object({}), { path: 'ready', body: { number: this.#lastReady }, signal });
  }

  #unreachable(outageMs: number, cause: unknown) {
    const url = this.#options.url.href;
    return ledgerError(
      'ledger_unreachable',
      `The ledger at ${url} has not answered for ${Math.round(outageMs / 1000)} s. Is its process running?`,
      { url, outageMs },
      cause,
    );
  }
}

function withSlash(url: URL): URL {
  return url.href.endsWith('/') ? url : new URL(`${url.href}/`);
}

/** The server's refusal as the error the ledger itself would throw, so that both ledgers are told apart by nothing. */
function ownError(error: unknown): unknown {
  if (!hasCode(error, 'peer_refused')) return error;
  const { peerCode, peerMessage } = error.details;
  if (!isWireCode(peerCode)) return error;
  return ledgerError(peerCode, String(peerMessage ?? peerCode), error.details, error);
}

/** Not a refusal but a server that is away, starting, stopping or busy. */
function isOutage(error: unknown): error is ConnitoError {
  if (!(error instanceof ConnitoError)) return false;
  if (['peer_unreachable', 'peer_timeout', 'ledger_closed', 'too_many_waiters'].includes(error.code))
    return true;
  return error.code === 'peer_refused' && error.advice === 'retry';
}

function parseAnswer<T>(schema: z.ZodType<T>, body: Uint8Array, url: URL): T {
  try {
    return schema.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)));
  } catch (cause) {
    throw nodeError(
      'peer_malformed',
      `${url.origin} answered ${url.pathname} with something else than it should.`,
      {
        details: { peer: url.origin, path: url.pathname },
        cause,
      },
    );
  }
}
