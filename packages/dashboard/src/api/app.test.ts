import { ManualClock, silentLog } from '@connito/node';
import { Participants } from '@connito/run';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Archive } from '../archive/archive.ts';
import { EventHub } from '../live/event-hub.ts';
import { Faults } from '../live/faults.ts';
import { NetworkWatch } from '../live/network-watch.ts';
import { Polled } from '../outside/polled.ts';
import { HOSTILE, sampleMarket } from '../testing/sample-market.ts';
import {
  archiveContext,
  sampleHotkey,
  sampleMeasurement,
  sampleStory,
  sampleUpdateNorms,
} from '../testing/sample-stories.ts';
import type { LiveSource } from '../views/health.ts';
import { createDashboardApp } from './app.ts';
import { DASHBOARD_ENDPOINT, ENDPOINTS, type Endpoint } from './endpoints.ts';
import { HEARTBEAT_MS } from './event-stream.ts';
import { eventSchemas } from './schemas/events.ts';
import type { ExpertsAnswer } from './schemas/experts.ts';
import type { LearningAnswer } from './schemas/learning.ts';
import type { MarketAnswer } from './schemas/market.ts';
import type { MinersAnswer } from './schemas/miners.ts';
import type { ProvenanceAnswer, RoundAnswer } from './schemas/rounds.ts';
import type { RunAnswer } from './schemas/run.ts';
import type { SecurityAnswer } from './schemas/security.ts';

const ROUNDS = 30;
const SIZE = { miners: 12, validators: 3 };
const BASE = 'http://localhost:1';

const context = archiveContext();
const clock = new ManualClock();
const hub = new EventHub();
const page = new Map([['/', { body: new TextEncoder().encode('<!doctype html>'), type: 'text/html' }]]);

describe('the API', () => {
  let archive: Archive;
  let source: LiveSource;
  let get: (path: string, init?: RequestInit) => Promise<Response>;
  const json = async <T>(path: string): Promise<T> => (await (await get(path)).json()) as T;

  beforeAll(async () => {
    archive = Archive.open(':memory:', context.run);
    const stories = Array.from({ length: ROUNDS }, (_, round) =>
      sampleStory(context.definition, round, SIZE),
    );
    archive.addRounds(stories);
    for (let round = 0; round <= ROUNDS; round++) {
      archive.addMeasurement(round, sampleMeasurement(context.definition, round));
    }
    archive.addUpdateNorms(sampleUpdateNorms(context.definition, ROUNDS - 1, SIZE.miners));
    const faults = new Faults(clock, () => undefined);
    const watch = new NetworkWatch(context, { participants: new Participants(context), clock, hub, faults });
    const facts = sampleMarket(context.run, sampleHotkey('miner', 0));
    const market = new Polled(
      { read: async () => facts },
      { part: 'market', everyMs: 1 },
      { clock, hub, faults },
    );
    await market.refresh(new AbortController().signal);
    const names = new Map([[sampleHotkey('miner', 0), HOSTILE]]);
    source = {
      context,
      archive,
      names,
      watch,
      faults,
      clock,
      measures: true,
      isStopped: false,
      market,
      serving: null,
    };
    const app = createDashboardApp({ source, hub, page, clock, log: silentLog, loopback: true });
    get = async (path, init) => app.request(`${BASE}${path}`, init);
  });

  afterAll(() => archive[Symbol.dispose]());

  const examples: readonly (readonly [Endpoint, string])[] = [
    ...ENDPOINTS.map((endpoint): readonly [Endpoint, string] => [
      endpoint,
      `/api/v1${endpoint.path.replace('{hotkey}', sampleHotkey('miner', 3)).replace('{round}', '8')}`,
    ]),
    [DASHBOARD_ENDPOINT, DASHBOARD_ENDPOINT.path],
  ];

  it.each(examples.map(([endpoint, path]) => [endpoint.path, path, endpoint] as const))(
    'answers %s as its schema says, and nothing more',
    async (_, path, { answer }) => {
      const response = await get(path);
      expect(response.status).toBe(200);
      const body = await response.json();
      // Parsing leaves out what the schema does not name.
      expect(answer.parse(body)).toEqual(body);
    },
  );

  it('is described by an OpenAPI document that names every path and parameter', async () => {
    const document = (await (await get('/api/v1/openapi.json')).json()) as {
      openapi: string;
      paths: Record<string, { get: { parameters?: { name: string }[] } }>;
    };
    expect(document.openapi).toBe('3.1.0');
    for (const { path, parameters } of ENDPOINTS) {
      const described = document.paths[`/api/v1${path}`]!.get.parameters!.map(({ name }) => name);
      expect(described).toEqual(Object.keys(parameters.shape));
    }
    expect(JSON.stringify(document.paths['/api/v1/miners'])).toContain('nano-nats per token');
  });

  it('tells language models where everything is', async () => {
    const text = await (await get('/llms.txt')).text();
    for (const { path } of ENDPOINTS) expect(text).toContain(path);
  });

  it('refuses wrong parameters by name, and unknown things with 404', async () => {
    const wrong = await get('/api/v1/miners?limit=100000');
    expect(wrong.status).toBe(400);
    expect(await wrong.text()).toContain('limit');
    expect((await get(`/api/v1/rounds/${ROUNDS}`)).status).toBe(404);
    expect((await get('/api/v1/miners/5Nobody')).status).toBe(404);
    expect((await get(`/api/v1/artifacts/${'0'.repeat(64)}`)).status).toBe(404);
    expect((await get('/api/v2/now')).status).toBe(404);
  });

  it.each(['POST', 'PUT', 'PATCH', 'DELETE'])('refuses %s', async (method) => {
    const response = await get('/api/v1/now', { method });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('GET, HEAD');
  });

  it('answers HEAD without a body, also for the event stream', async () => {
    for (const path of ['/api/v1/now', '/api/v1/events']) {
      const response = await get(path, { method: 'HEAD' });
      expect(response.status).toBe(200);
      expect(await response.text()).toBe('');
    }
  });

  it('lets no script, frame or other site in', async () => {
    const { headers } = await get('/');
    const policy = headers.get('content-security-policy')!;
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('is not read through another name, as by DNS rebinding', async () => {
    expect((await get('/api/v1/now', { headers: { host: 'evil.example' } })).status).toBe(421);
    expect((await get('/api/v1/now', { headers: { host: '127.0.0.1:4321' } })).status).toBe(200);
  });

  it('passes names on as text', async () => {
    const body = await json<MinersAnswer>('/api/v1/miners');
    expect(body.rows.find(({ name }) => name !== null)?.name).toBe(HOSTILE);
  });

  it('gives miners a page at a time, the pinned one first', async () => {
    const pin = sampleHotkey('miner', 9);
    const first = await json<MinersAnswer>(`/api/v1/miners?limit=5&pin=${pin}`);
    const second = await json<MinersAnswer>(`/api/v1/miners?limit=5&offset=5&pin=${pin}`);
    expect(first.total).toBe(SIZE.miners);
    expect(first.rows[0]!.hotkey).toBe(pin);
    const ranks = first.rows.slice(1).map(({ rank }) => rank);
    expect(ranks).toEqual([...ranks].sort((a, b) => a - b));
    const uids = [...first.rows, ...second.rows].map(({ uid }) => uid);
    expect(new Set(uids).size).toBe(10);
  });

  it('takes a number for a uid, though hotkeys hold digits too', async () => {
    const { rows } = await json<MinersAnswer>('/api/v1/miners?search=7');
    expect(rows.map(({ uid }) => uid)).toEqual([7]);
  });

  it('leaves states out of long series, and never averages them', async () => {
    const all = await json<LearningAnswer>('/api/v1/learning');
    const thin = await json<LearningAnswer>('/api/v1/learning?points=10');
    expect(thin.every).toBe(4);
    const losses = new Map(all.domains[0]!.points.map((point) => [point.round, point]));
    const { points } = thin.domains[0]!;
    expect(points.map(({ round }) => round)).toEqual([0, 2, 6, 10, 14, 18, 22, 26, 30]);
    for (const point of points) expect(point).toEqual(losses.get(point.round));
  });

  it('tells what each round gave beside what a sub-model would have claimed', async () => {
    const { domains } = await json<LearningAnswer>('/api/v1/learning');
    const [trained] = domains.filter((domain) => domain.trained);
    for (const [i, { loss, step }] of trained!.points.entries()) {
      if (i === 0) expect(step).toBeNull();
      else expect(step!.gain).toBeCloseTo(trained!.points[i - 1]!.loss - loss, 9);
    }
    const { gains } = await json<RoundAnswer>('/api/v1/rounds/8');
    const own = gains.find(({ domain }) => domain === trained!.domain)!;
    expect(own.gain).toBe(trained!.points[9]!.step!.gain);
    expect(own.subModel!.gap).toBeCloseTo(own.subModel!.gain - own.gain, 9);
    expect(gains.find((gain) => !gain.trained)!.subModel).toBeNull();
  });

  it('says how far each update moves each expert, and what became of it', async () => {
    const { updates } = await json<ExpertsAnswer>('/api/v1/experts');
    expect(updates!.round).toBe(ROUNDS - 1);
    const { rows } = await json<MinersAnswer>('/api/v1/miners');
    for (const { hotkey, norm, scoreNanoNats, experts } of updates!.rows) {
      const squares = experts.reduce((sum, expert) => sum + expert.norm ** 2, 0);
      expect(norm).toBeCloseTo(Math.sqrt(squares), 9);
      expect(rows.find((row) => row.hotkey === hotkey)!.scoreNanoNats).toBe(scoreNanoNats);
    }
    const earlier = await json<ExpertsAnswer>('/api/v1/experts?round=5');
    expect(earlier.updates).toBeNull();
  });

  it('shows a market with local names, and says what it was not given', async () => {
    const market = await json<MarketAnswer>('/api/v1/market');
    expect(market.packages.map(({ ofThisRun }) => ofThisRun)).toEqual([true, false]);
    expect(market.packages[0]!.publisher.name).toBe(HOSTILE);
    expect(market.statements.map(({ payment }) => payment.kind)).toEqual(['unpaid', 'paid']);
    expect((await json<RunAnswer>('/api/v1/run')).pages).toEqual({ market: true, serving: false });
    expect(await json('/api/v1/serving')).toMatchObject({ configured: false, readAtMs: null, models: [] });
  });

  it('counts rejections by check', async () => {
    const body = await json<SecurityAnswer>('/api/v1/security?rounds=1000');
    const zeros = Array.from({ length: ROUNDS }, (_, round) => sampleStory(context.definition, round, SIZE))
      .flatMap(({ miners }) => miners)
      .filter(({ scoreNanoNats }) => scoreNanoNats === 0).length;
    const rejected = body.checks.reduce((sum, check) => sum + check.rejected, 0);
    expect(rejected).toBe(zeros);
    expect(body.submissions).toBe(ROUNDS * SIZE.miners);
  });

  it('says whose updates the state is made of, without void rounds', async () => {
    const body = await json<ProvenanceAnswer>('/api/v1/provenance');
    const contributors = body.groups.flatMap((group) => group.contributors);
    const voids = Math.floor(ROUNDS / 7);
    expect(Math.max(...contributors.map(({ rounds }) => rounds))).toBeLessThanOrEqual(ROUNDS - voids);
    for (const { contributors: own } of body.groups) {
      const sum = own.reduce((total, { share }) => total + share, 0);
      expect(sum).toBeCloseTo(1, 9);
    }
  });

  it('streams events as they happen, and a sign of life between them', async () => {
    const controller = new AbortController();
    const response = await get('/api/v1/events', { signal: controller.signal });
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    const next = async (): Promise<{ name: keyof typeof eventSchemas; data: unknown }> => {
      const { value } = await reader.read();
      const [, name, data] = /event: (\w+)\ndata: (.*)\n/.exec(value!)!;
      return { name: name as keyof typeof eventSchemas, data: JSON.parse(data!) };
    };
    const hello = await next();
    expect(hello.name).toBe('hello');
    eventSchemas.hello.parse(hello.data);
    hub.emit({ name: 'round', data: { round: 7 } });
    expect(await next()).toEqual({ name: 'round', data: { round: 7 } });
    clock.advance(HEARTBEAT_MS);
    expect((await next()).name).toBe('health');
    await reader.cancel();
    hub.emit({ name: 'round', data: { round: 8 } });
    await new Promise((resolve) => setImmediate(resolve));
    expect(hub.listeners).toBe(0);
  });
});
