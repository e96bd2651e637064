import type { Hono } from 'hono';
import { createApp } from '../http/http-error.ts';
import { type HttpServer, serve } from '../http/serve.ts';
import type { Log } from '../log.ts';
import type { MetricsRegistry } from './metric.ts';

/** `GET /metrics`, in Prometheus's text format. */
export function createMetricsApp(registry: MetricsRegistry, log: Log): Hono {
  const app = createApp(log);
  app.get('/metrics', async (context) =>
    context.body(await registry.metrics(), 200, { 'content-type': registry.contentType }),
  );
  return app;
}

export type ServeMetricsOptions = { readonly host?: string; readonly port: number };

/** Serves metrics on a port of their own, which need not be reachable from where the role's peers are. */
export async function serveMetrics(
  options: ServeMetricsOptions,
  { registry, log }: { readonly registry: MetricsRegistry; readonly log: Log },
): Promise<HttpServer> {
  const server = await serve({ fetch: createMetricsApp(registry, log).fetch, ...options });
  log.info('Serving metrics', { url: new URL('/metrics', server.url).href });
  return server;
}
