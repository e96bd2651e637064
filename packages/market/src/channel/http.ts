import { hasCode, readBounded, statedLength } from '@connito/node';
import type { ConnitoError } from '@connito/protocol';
import { marketError } from '../errors.ts';
import { tooLarge } from '../package/verify-package.ts';

/** A transfer of a package takes minutes on a slow line; an answer that does not begin takes seconds. */
const TIMEOUT_MS = 300_000;
const MAX_ERROR_BYTES = 4 << 10;

/** Sends a request as a registry's own client would. `Fetch` is the platform's, or one that signs. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export type ChannelRequest = {
  readonly method?: 'GET' | 'PUT' | 'HEAD' | 'DELETE';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly maxBytes: number;
  /** Statuses that are answers and no failures, besides 2xx. */
  readonly expected?: readonly number[];
  readonly signal?: AbortSignal | undefined;
};

/** An answer read to its end within its bound. Fails with `channel_unreachable`, `channel_refused` or `package_too_large`. */
export async function ask(
  fetch: Fetch,
  url: URL,
  request: ChannelRequest,
): Promise<{ readonly status: number; readonly body: Uint8Array }> {
  const { method = 'GET', headers = {}, body, maxBytes, expected = [], signal } = request;
  const signals = [AbortSignal.timeout(TIMEOUT_MS), ...(signal === undefined ? [] : [signal])];
  try {
    const response = await fetch(url.href, {
      method,
      headers: { ...headers },
      redirect: 'error',
      signal: AbortSignal.any(signals),
      // A copy of its own: the platform's type wants no shared buffer.
      ...(body === undefined ? {} : { body: new Uint8Array(body) }),
    });
    if (!response.ok && !expected.includes(response.status)) throw await refusal(response, url);
    const stated = method === 'HEAD' ? null : statedLength(response.headers);
    const bytes = await readBounded(response.body, maxBytes, stated);
    return { status: response.status, body: bytes };
  } catch (error) {
    signal?.throwIfAborted();
    if (hasCode(error, 'body_too_large')) throw tooLarge(Number(error.details.bytes), maxBytes);
    if (hasCode(error, 'channel_refused') || hasCode(error, 'channel_unreachable')) throw error;
    const message = `${url.origin} cannot be reached, or broke off. Is it running, and is the address right?`;
    throw marketError('channel_unreachable', message, { url: url.origin }, error);
  }
}

async function refusal(response: Response, url: URL): Promise<ConnitoError> {
  const { status } = response;
  const body = await readBounded(response.body, MAX_ERROR_BYTES).catch(() => new Uint8Array(0));
  const text = new TextDecoder()
    .decode(body)
    .replaceAll(/[^\x20-\x7e]+/g, ' ')
    .slice(0, 200);
  const busy = status === 429 || status >= 500;
  const hint =
    status === 401 || status === 403
      ? ' Give credentials that may do this.'
      : busy
        ? ' Try again later.'
        : '';
  const message = `${url.origin} answered ${url.pathname} with ${status}${text === '' ? '' : `: ${text}`}.${hint}`;
  return marketError(busy ? 'channel_unreachable' : 'channel_refused', message, { status });
}
