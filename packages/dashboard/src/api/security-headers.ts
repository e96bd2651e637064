import type { MiddlewareHandler } from 'hono';
import { dashboardError } from '../errors.ts';

/** Everything comes from this server, nothing is inline, nothing may frame the page or be sent from it. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': POLICY,
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), microphone=(), geolocation=()',
};

const LOOPBACK_NAMES: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Only reads, with headers that keep a browser to this server. */
export function readOnly(): MiddlewareHandler {
  return async (context, next) => {
    for (const [name, value] of Object.entries(HEADERS)) context.header(name, value);
    const { method } = context.req;
    if (method !== 'GET' && method !== 'HEAD') {
      const error = {
        code: 'method_not_allowed',
        message: 'This server only answers GET and HEAD.',
        details: {},
      };
      return context.json({ error }, 405, { Allow: 'GET, HEAD' });
    }
    await next();
  };
}

/**
 * Refuses requests under a name that is not this machine's own. A page of another site can make its name point here (DNS
 * rebinding), and would then read what is meant for this machine only.
 */
export function loopbackNamesOnly(): MiddlewareHandler {
  return async (context, next) => {
    const host = context.req.header('host') ?? new URL(context.req.url).host;
    const name = host.replace(/:\d+$/, '').toLowerCase();
    if (!LOOPBACK_NAMES.has(name)) {
      throw dashboardError('wrong_host', 'This dashboard answers only under localhost and 127.0.0.1.');
    }
    await next();
  };
}
