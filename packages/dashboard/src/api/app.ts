import { type Clock, createApp, type Log, parseRequest } from '@connito/node';
import type { ArtifactHash } from '@connito/protocol';
import type { Context, Hono } from 'hono';
import { DASHBOARD_STATUSES, dashboardError } from '../errors.ts';
import type { EventHub } from '../live/event-hub.ts';
import type { PageFiles } from '../page-files.ts';
import type { LiveSource } from '../views/health.ts';
import { rowsOf } from '../views/source.ts';
import { DASHBOARD_ENDPOINT, ENDPOINTS, type Endpoint } from './endpoints.ts';
import { eventStream } from './event-stream.ts';
import { llmsText } from './llms-text.ts';
import { API_PREFIX, openApiDocument } from './openapi.ts';
import { loopbackNamesOnly, readOnly } from './security-headers.ts';

export type DashboardAppParts = {
  readonly source: LiveSource;
  readonly hub: EventHub;
  readonly page: PageFiles;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether the server is reached under this machine's own names only. */
  readonly loopback: boolean;
};

/** The largest document that is passed on. */
const MAX_ARTIFACT_BYTES = 32 << 20;
/** A document's text is a stranger's: whatever it is, it must not act. */
const ARTIFACT_POLICY = "default-src 'none'; sandbox";

/** All of the dashboard's HTTP, as a function from `Request` to `Response`. */
export function createDashboardApp(parts: DashboardAppParts): Hono {
  const { source, hub, page, clock, log, loopback } = parts;
  const app = createApp(log, DASHBOARD_STATUSES);
  app.use(readOnly());
  if (loopback) app.use(loopbackNamesOnly());
  const serveEndpoint = (path: string, { parameters, answer: _, handle }: Endpoint): void => {
    app.get(path.replaceAll(/\{(\w+)\}/g, ':$1'), (context) => {
      const given = parseRequest(parameters, { ...context.req.query(), ...context.req.param() });
      return context.json(handle(source, given) as object, 200, { 'Cache-Control': 'no-store' });
    });
  };
  for (const endpoint of ENDPOINTS) serveEndpoint(`${API_PREFIX}${endpoint.path}`, endpoint);
  serveEndpoint(DASHBOARD_ENDPOINT.path, DASHBOARD_ENDPOINT);

  let document: Record<string, unknown> | null = null;
  app.get(`${API_PREFIX}/openapi.json`, (context) => {
    document ??= openApiDocument();
    return context.json(document);
  });
  app.get('/llms.txt', (context) => context.text(llmsText(source.context.definition.name)));
  app.get(`${API_PREFIX}/events`, (context) => {
    if (context.req.method === 'HEAD')
      return context.body(null, 200, { 'Content-Type': 'text/event-stream' });
    return eventStream(context, source, hub, clock);
  });
  app.get(`${API_PREFIX}/artifacts/:hash`, (context) => artifact(context, source));
  for (const [path, { body, type }] of page) {
    app.get(path, (context) =>
      context.body(body as Uint8Array<ArrayBuffer>, 200, {
        'Content-Type': type,
        'Cache-Control': 'no-cache',
      }),
    );
  }
  return app;
}

/** Only what a finished round names is passed on, so that nobody can use this server to fetch other artifacts. */
async function artifact(context: Context, source: LiveSource): Promise<Response> {
  const hash = context.req.param('hash') ?? '';
  const [known] = rowsOf(source, 'SELECT kind FROM artifact WHERE hash = ?', hash);
  if (known === undefined) throw dashboardError('not_found', 'No finished round names this artifact.');
  const { store } = source.context;
  const { signal } = context.req.raw;
  const bytes = await store
    .get(hash as ArtifactHash, { maxBytes: MAX_ARTIFACT_BYTES, signal })
    .catch((cause: unknown) => {
      const message = `The store does not have this ${String(known.kind)} any more.`;
      throw dashboardError('not_found', message, {}, cause);
    });
  return context.body(bytes as Uint8Array<ArrayBuffer>, 200, {
    'Content-Type': 'application/json',
    'Content-Security-Policy': ARTIFACT_POLICY,
    'Cache-Control': 'public, max-age=31536000, immutable',
  });
}
