import { createHash, randomBytes, verify } from 'node:crypto';
import { encodeCanonical, fromHex, type Hotkey, isHotkey, taggedHash } from '@connito/protocol';
import type { Clock } from '../clock.ts';
import { nodeError } from '../errors.ts';
import type { Keypair } from '../keys/keypair.ts';
import { NonceCache } from './nonce-cache.ts';
import type { RateLimit } from './rate-limiter.ts';
import { type Delegation, DelegationVerifier, RequestKey } from './request-key.ts';

/**
 * How far the clocks of client and server may differ, and so how long a captured request could be sent again to a
 * server that has lost its memory of nonces.
 */
export const CLOCK_SKEW_MS = 30_000;

export const SIGNED_HEADERS = {
  hotkey: 'connito-hotkey',
  /** `<expiry ms>.<Ed25519 public key>.<hotkey's signature>` */
  key: 'connito-key',
  time: 'connito-time',
  nonce: 'connito-nonce',
  bodySha256: 'connito-body-sha256',
  signature: 'connito-signature',
} as const;

type SignedFields = {
  /** Whom the request is for; a server refuses what was signed for another. */
  readonly audience: string;
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly bodySha256: string;
  readonly nonce: string;
  readonly timeMs: number;
};

function requestMessage(fields: SignedFields, { hotkey, key }: Delegation): Uint8Array {
  return taggedHash('connito/1/request', encodeCanonical({ ...fields, hotkey, key }));
}

/** The client's half: signs requests for one hotkey. */
export class RequestSigner {
  readonly hotkey: Hotkey;
  readonly #key: RequestKey;
  readonly #clock: Clock;

  constructor(keypair: Keypair, clock: Clock) {
    this.hotkey = keypair.hotkey;
    this.#key = new RequestKey(keypair, clock);
    this.#clock = clock;
  }

  /** The headers that make this one request signed. Every attempt needs new ones: a nonce is good once. */
  headers(audience: string, method: string, url: URL, body: Uint8Array): Record<string, string> {
    const fields: SignedFields = {
      audience,
      method,
      path: url.pathname,
      query: url.search,
      bodySha256: createHash('sha256').update(body).digest('hex'),
      nonce: randomBytes(16).toString('hex'),
      timeMs: this.#clock.nowMs(),
    };
    const { delegation, signature } = this.#key.sign((key) => requestMessage(fields, key));
    return {
      [SIGNED_HEADERS.hotkey]: this.hotkey,
      [SIGNED_HEADERS.key]: `${delegation.expiresAtMs}.${delegation.key}.${delegation.signature}`,
      [SIGNED_HEADERS.time]: String(fields.timeMs),
      [SIGNED_HEADERS.nonce]: fields.nonce,
      [SIGNED_HEADERS.bodySha256]: fields.bodySha256,
      [SIGNED_HEADERS.signature]: signature,
    };
  }
}

/** What is known of a request whose headers were verified. Its body is still to be compared with `bodySha256`. */
export type VerifiedRequest = { readonly hotkey: Hotkey; readonly bodySha256: string };

export type VerifierOptions = {
  readonly audience: string;
  readonly clockSkewMs?: number;
  /** Requests remembered against replay; each takes about 200 bytes for a minute. */
  readonly maxNonces?: number;
  /** How often a hotkey's own signature, which costs 6 ms, may have to be checked. */
  readonly delegationChecks?: RateLimit;
};

/** The server's half: refuses a request unless its hotkey signed it, for this server, just now, and once. */
export class RequestVerifier {
  readonly #options: Required<VerifierOptions>;
  readonly #clock: Clock;
  readonly #delegations: DelegationVerifier;
  readonly #nonces: NonceCache;

  constructor(options: VerifierOptions, clock: Clock) {
    this.#options = {
      clockSkewMs: CLOCK_SKEW_MS,
      maxNonces: 100_000,
      delegationChecks: { burst: 100, perSecond: 20 },
      ...options,
    };
    this.#clock = clock;
    this.#delegations = new DelegationVerifier(
      {
        clockSkewMs: this.#options.clockSkewMs,
        checks: this.#options.delegationChecks,
        maxRemembered: 1_000,
      },
      clock,
    );
    this.#nonces = new NonceCache(this.#options.maxNonces);
  }

  /**
   * Verifies everything but the body, so that a stranger's body is never read. `admit` sees the claimed hotkey before
   * any signature is checked and throws for one that is not welcome.
   */
  verify(request: Request, admit: (hotkey: Hotkey) => void = () => undefined): VerifiedRequest {
    const url = new URL(request.url);
    const { delegation, signature, ...fields } = readHeaders(request.headers);
    this.#checkTime(fields.timeMs);
    admit(delegation.hotkey);
    const key = this.#delegations.verify(delegation);
    const message = requestMessage(
      {
        ...fields,
        audience: this.#options.audience,
        method: request.method,
        path: url.pathname,
        query: url.search,
      },
      delegation,
    );
    if (!verify(null, message, key, fromHex(signature))) {
      throw nodeError(
        'bad_signature',
        `The signature does not fit this request to "${this.#options.audience}".`,
        { details: { hotkey: delegation.hotkey, audience: this.#options.audience } },
      );
    }
    // Last, so that only the key's owner can fill the cache.
    const nowMs = this.#clock.nowMs();
    this.#nonces.remember(
      `${delegation.hotkey} ${fields.nonce}`,
      fields.timeMs + this.#options.clockSkewMs,
      nowMs,
    );
    return { hotkey: delegation.hotkey, bodySha256: fields.bodySha256 };
  }

  #checkTime(timeMs: number): void {
    const differenceMs = timeMs - this.#clock.nowMs();
    if (Math.abs(differenceMs) <= this.#options.clockSkewMs) return;
    throw nodeError(
      'stale_request',
      `The request is dated ${Math.abs(differenceMs)} ms ${differenceMs < 0 ? 'before' : 'after'} this server's time; ${this.#options.clockSkewMs} are allowed. Set the clock of the machine that is wrong.`,
      { details: { differenceMs, allowedMs: this.#options.clockSkewMs } },
    );
  }
}

type ReadHeaders = {
  readonly delegation: Delegation;
  readonly timeMs: number;
  readonly nonce: string;
  readonly bodySha256: string;
  readonly signature: string;
};

function readHeaders(headers: Headers): ReadHeaders {
  const read = (name: string, pattern: RegExp): string => {
    const value = headers.get(name);
    if (value !== null && pattern.test(value)) return value;
    const problem = value === null ? 'is missing' : 'is malformed';
    throw nodeError(
      'unsigned_request',
      `This route needs a signed request, but the header ${name} ${problem}.`,
      {
        details: { header: name },
      },
    );
  };
  const hotkey = read(SIGNED_HEADERS.hotkey, /^[1-9A-HJ-NP-Za-km-z]{48}$/);
  if (!isHotkey(hotkey)) {
    throw nodeError(
      'unsigned_request',
      `The header ${SIGNED_HEADERS.hotkey} is no ss58 address with prefix 42.`,
      {
        details: { header: SIGNED_HEADERS.hotkey },
      },
    );
  }
  const [expiry = '', key = '', keySignature = ''] = read(
    SIGNED_HEADERS.key,
    /^\d{1,15}\.[0-9a-f]{64}\.[0-9a-f]{128}$/,
  ).split('.');
  return {
    delegation: { hotkey, key, expiresAtMs: Number(expiry), signature: keySignature },
    timeMs: Number(read(SIGNED_HEADERS.time, /^\d{1,15}$/)),
    nonce: read(SIGNED_HEADERS.nonce, /^[0-9a-f]{32}$/),
    bodySha256: read(SIGNED_HEADERS.bodySha256, /^[0-9a-f]{64}$/),
    signature: read(SIGNED_HEADERS.signature, /^[0-9a-f]{128}$/),
  };
}
