import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { encodeCanonical, fromHex, type Hotkey, taggedHash, toHex, verifySr25519 } from '@connito/protocol';
import type { Clock } from '../clock.ts';
import { nodeError } from '../errors.ts';
import type { Keypair } from '../keys/keypair.ts';
import { type RateLimit, RateLimiter } from './rate-limiter.ts';

/**
 * A request key is an Ed25519 key that a hotkey has signed for, for an hour. Requests are signed with it, because the
 * platform checks Ed25519 some thirty times faster than pure JavaScript checks sr25519; a server checks the hotkey's
 * own signature once and remembers it. Nothing is negotiated: every request carries the delegation, so a restarted
 * server needs no new handshake and no secret ever travels.
 */
export type Delegation = {
  readonly hotkey: Hotkey;
  /** Ed25519 public key, 64 hex digits. */
  readonly key: string;
  readonly expiresAtMs: number;
  /** The hotkey's signature over the other three, 128 hex digits. */
  readonly signature: string;
};

/** How long a request key lives: the window in which a stolen one is of use. */
export const REQUEST_KEY_LIFETIME_MS = 60 * 60 * 1000;

function delegationMessage(delegation: Omit<Delegation, 'signature'>): Uint8Array {
  const { hotkey, key, expiresAtMs } = delegation;
  return taggedHash('connito/1/request-key', encodeCanonical({ hotkey, key, expiresAtMs }));
}

/** Signs with a request key of the hotkey's, replaced when half of its life is over. */
export class RequestKey {
  readonly #keypair: Keypair;
  readonly #clock: Clock;
  #current: { readonly delegation: Delegation; readonly secret: KeyObject } | null = null;

  constructor(keypair: Keypair, clock: Clock) {
    this.#keypair = keypair;
    this.#clock = clock;
  }

  sign(messageFor: (delegation: Delegation) => Uint8Array): { delegation: Delegation; signature: string } {
    const { delegation, secret } = this.#fresh();
    return { delegation, signature: sign(null, messageFor(delegation), secret).toString('hex') };
  }

  #fresh() {
    const nowMs = this.#clock.nowMs();
    if (
      this.#current !== null &&
      this.#current.delegation.expiresAtMs - nowMs > REQUEST_KEY_LIFETIME_MS / 2
    ) {
      return this.#current;
    }
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const key = publicKey
      .export({ type: 'spki', format: 'der' })
      .subarray(SPKI_PREFIX.length)
      .toString('hex');
    const unsigned = { hotkey: this.#keypair.hotkey, key, expiresAtMs: nowMs + REQUEST_KEY_LIFETIME_MS };
    const signature = toHex(this.#keypair.sign(delegationMessage(unsigned)));
    this.#current = { delegation: { ...unsigned, signature }, secret: privateKey };
    return this.#current;
  }
}

/** DER before the 32 bytes of an Ed25519 public key (RFC 8410). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/** Checks delegations, remembering those that were good. */
export class DelegationVerifier {
  readonly #clock: Clock;
  readonly #clockSkewMs: number;
  readonly #maxRemembered: number;
  readonly #checks: RateLimiter;
  readonly #known = new Map<string, { readonly key: KeyObject; readonly expiresAtMs: number }>();

  constructor(
    options: { readonly clockSkewMs: number; readonly checks: RateLimit; readonly maxRemembered: number },
    clock: Clock,
  ) {
    this.#clock = clock;
    this.#clockSkewMs = options.clockSkewMs;
    this.#maxRemembered = options.maxRemembered;
    this.#checks = new RateLimiter(options.checks, clock);
  }

  /** The request key, once the hotkey is known to have signed for it. */
  verify(delegation: Delegation): KeyObject {
    const nowMs = this.#clock.nowMs();
    const lifetimeMs = delegation.expiresAtMs - nowMs;
    if (lifetimeMs < -this.#clockSkewMs || lifetimeMs > REQUEST_KEY_LIFETIME_MS + this.#clockSkewMs) {
      throw nodeError('stale_request', 'The request key has expired or lives too long. Is the clock right?', {
        details: { lifetimeMs },
      });
    }
    const id = `${delegation.hotkey} ${delegation.key} ${delegation.expiresAtMs} ${delegation.signature}`;
    const known = this.#known.get(id);
    if (known !== undefined) return known.key;
    // One bucket for all: a flood of false delegations delays new clients but not those already known.
    this.#checks.take('delegations');
    if (!verifySr25519(delegation.hotkey, delegationMessage(delegation), fromHex(delegation.signature, 64))) {
      throw nodeError('bad_signature', 'The hotkey did not sign for this request key.', {
        details: { hotkey: delegation.hotkey },
      });
    }
    const der = Buffer.concat([SPKI_PREFIX, fromHex(delegation.key, 32)]);
    const key = createPublicKey({ key: der, type: 'spki', format: 'der' });
    this.#remember(id, key, delegation.expiresAtMs);
    return key;
  }

  #remember(id: string, key: KeyObject, expiresAtMs: number): void {
    const oldest = this.#known.keys().next();
    if (this.#known.size >= this.#maxRemembered && !oldest.done) this.#known.delete(oldest.value);
    this.#known.set(id, { key, expiresAtMs });
  }
}
