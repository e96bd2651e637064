import { describe, expect, test } from 'vitest';
import { ManualClock } from '../clock.ts';
import { createApp } from '../http/http-error.ts';
import { serve } from '../http/serve.ts';
import { silentLog } from '../log.ts';
import { HTTP_CLIENT_METRICS, HTTP_SERVER_METRICS, meteredFetch, meteredRoutes } from './http-metrics.ts';
import { createMetrics, MetricsRegistry } from './metric.ts';
import { createProcessMetrics } from './process-metrics.ts';
import { serveMetrics } from './serve-metrics.ts';

function meteredApp() {
  const registry = new MetricsRegistry();
  const clock = new ManualClock();
  const app = createApp(silentLog, {}, meteredRoutes(createMetrics(HTTP_SERVER_METRICS, registry), clock));
  app.get('/things/:id', (context) => {
    clock.advance(700);
    return context.text('a thing');
  });
  app.get('/broken', () => {
    throw new Error('out of order');
  });
  return { app, registry };
}

describe('requests answered', () => {
  test('are counted by route pattern and status, and timed', async () => {
    const { app, registry } = meteredApp();
    for (const path of ['/things/1', '/things/2', '/broken']) await app.request(path);
    const text = await registry.metrics();
    expect(text).toContain('connito_http_requests_total{method="GET",route="/things/:id",status="200"} 2');
    expect(text).toContain('connito_http_requests_total{method="GET",route="/broken",status="500"} 1');
    expect(text).toContain('connito_http_request_duration_seconds_sum{method="GET",route="/things/:id"} 1.4');
  });

  test('whatever is asked for, there are no more labels than routes', async () => {
    const { app, registry } = meteredApp();
    for (let i = 0; i < 50; i++)
      await app.request(`/nothing/${i}`, { method: i % 2 === 0 ? 'GET' : 'PURGE' });
    const lines = (await registry.metrics()).split('\n');
    expect(lines.filter((line) => line.startsWith('connito_http_requests_total{'))).toEqual([
      'connito_http_requests_total{method="GET",route="none",status="404"} 25',
      'connito_http_requests_total{method="other",route="none",status="404"} 25',
    ]);
  });
});

describe('requests sent', () => {
  test('count the bytes of bodies both ways, answers, and peers that did not answer', async () => {
    const registry = new MetricsRegistry();
    const { app } = meteredApp();
    const metrics = createMetrics(HTTP_CLIENT_METRICS, registry);
    let url: URL;
    {
      await using server = await serve({ fetch: app.fetch, port: 0 });
      url = new URL('/things/1', server.url);
      const send = meteredFetch('store', metrics, new ManualClock());
      const answer = await send(url, { method: 'POST', body: new Uint8Array(1_000) });
      expect(answer.status).toBe(404);
      await answer.arrayBuffer();
      expect(await (await send(url)).text()).toBe('a thing');
    }
    const refuse = () => Promise.reject(new TypeError('fetch failed'));
    await expect(meteredFetch('store', metrics, new ManualClock(), refuse)(url)).rejects.toThrow('failed');
    const text = await registry.metrics();
    expect(text).toContain('connito_peer_sent_bytes_total{peer="store"} 1000');
    expect(text).toContain('connito_peer_requests_total{peer="store",status="200"} 1');
    expect(text).toContain('connito_peer_requests_total{peer="store",status="404"} 1');
    expect(text).toContain('connito_peer_requests_total{peer="store",status="failed"} 1');
    const received = Number(/received_bytes_total\{peer="store"\} (\d+)/.exec(text)?.[1]);
    expect(received).toBeGreaterThan('a thing'.length);
  });

  test('an answer that is not read to its end counts what was read', async () => {
    const registry = new MetricsRegistry();
    const metrics = createMetrics(HTTP_CLIENT_METRICS, registry);
    const chunk = new Uint8Array(10);
    const endless = new ReadableStream<Uint8Array<ArrayBuffer>>({ pull: (stream) => stream.enqueue(chunk) });
    const send = meteredFetch('store', metrics, new ManualClock(), async () => new Response(endless));
    const reader = (await send('http://peer/')).body!.getReader();
    await reader.read();
    await reader.cancel();
    const received = Number(/received_bytes_total\{peer="store"\} (\d+)/.exec(await registry.metrics())?.[1]);
    expect(received).toBeGreaterThanOrEqual(10);
    expect(received).toBeLessThanOrEqual(50);
  });
});

test('metrics are served as Prometheus reads them, and nothing else is', async () => {
  const registry = new MetricsRegistry();
  createProcessMetrics({ version: '1', directory: '.' }, registry);
  await using server = await serveMetrics({ port: 0 }, { registry, log: silentLog });
  const answer = await fetch(new URL('/metrics', server.url));
  expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  const text = await answer.text();
  expect(text).toContain(`connito_build_info{version="1",node_version="`);
  for (const name of [
    'process_resident_memory_bytes',
    'connito_peak_memory_bytes',
    'connito_disk_free_bytes',
  ]) {
    expect(Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1]), name).toBeGreaterThan(1e6);
  }
  expect((await fetch(server.url)).status).toBe(404);
});
