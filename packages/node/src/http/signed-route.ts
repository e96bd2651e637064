import { createHash } from 'node:crypto';
import type { Hotkey } from '@connito/protocol';
import type { MiddlewareHandler } from 'hono';
import { nodeError } from '../errors.ts';
import { readBounded, statedLength } from './bounded-body.ts';
import type { RateLimiter } from './rate-limiter.ts';
import type { RequestVerifier, VerifiedRequest } from './signed-request.ts';

/** Who may call a route. Answers before any signature is checked, so it must be cheap. */
export type AllowHotkey = (hotkey: Hotkey) => boolean;

export type SignedRouteOptions = {
  readonly verifier: RequestVerifier;
  readonly allow?: AllowHotkey;
  readonly limiter?: RateLimiter;
};

export type SignedVariables = { readonly signed: VerifiedRequest };
export type SignedBodyVariables = SignedVariables & { readonly body: Uint8Array };

/** Lets signed requests pass, with `context.var.signed`; the handler reads and checks the body itself. */
export function signedHeaders(
  options: SignedRouteOptions,
): MiddlewareHandler<{ Variables: SignedVariables }> {
  return async (context, next) => {
    context.set('signed', admit(options, context.req.raw));
    await next();
  };
}

/** Lets signed requests pass whose body of at most `maxBodyBytes` is the signed one, with `context.var.body`. */
export function signedBody(
  options: SignedRouteOptions & { readonly maxBodyBytes: number },
): MiddlewareHandler<{ Variables: SignedBodyVariables }> {
  return async (context, next) => {
    const request = context.req.raw;
    const signed = admit(options, request);
    const body = await readBounded(request.body, options.maxBodyBytes, statedLength(request.headers));
    if (createHash('sha256').update(body).digest('hex') !== signed.bodySha256) {
      throw nodeError('body_mismatch', 'The body is not the one that was signed.', {
        details: { hotkey: signed.hotkey, bytes: body.length },
      });
    }
    context.set('signed', signed);
    context.set('body', body);
    await next();
  };
}

function admit({ verifier, allow, limiter }: SignedRouteOptions, request: Request): VerifiedRequest {
  const signed = verifier.verify(request, (hotkey) => {
    if (allow === undefined || allow(hotkey)) return;
    throw nodeError('hotkey_not_allowed', `${hotkey} may not call this route.`, { details: { hotkey } });
  });
  // After the signature: a stranger must not be able to use up somebody else's share.
  limiter?.take(signed.hotkey);
  return signed;
}
