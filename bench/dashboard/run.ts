/**
 * How quick the dashboard is on a long run of stored data, and on one of 200 rounds in a real browser.
 *
 *   npx node bench/dashboard/run.ts [--rounds 10000] [--miners 500] [--repeats 9] [--out FILE.json]
 *
 * Made-up rounds of real size are put into an archive in a temporary folder. Each view is asked for over HTTP, once to warm up and
 * then `--repeats` times. A browser then loads the page on 200 rounds with an empty cache, and on all of them; and rounds
 * are added while it looks. Exits with 1 if a cold load on 200 rounds or a live update takes a second or more.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { type Browser, chromium, type Page } from 'playwright-core';
import { sampleHotkey } from '../../packages/dashboard/src/testing/sample-stories.ts';
import { describeMachine, otherLoad } from '../support/machine.ts';
import { type Summary, summarize } from '../support/statistics.ts';
import { type StoredDashboard, storedDashboard } from './stored-dashboard.ts';

const SHORT_RUN = { rounds: 200, miners: 64 };
const BOUND_MS = 1_000;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '10000' },
    miners: { type: 'string', default: '500' },
    repeats: { type: 'string', default: '9' },
    out: { type: 'string' },
  },
});
const rounds = Number(values.rounds);
const miners = Number(values.miners);
const repeats = Number(values.repeats);

const folder = await mkdtemp(join(tmpdir(), 'connito-bench-dashboard-'));
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium' });
try {
  const machine = { ...(await describeMachine()), load: await otherLoad() };
  const short = await measureShort(browser);
  const long = await measureLong(browser);
  const result = { machine, short, long };
  console.log(JSON.stringify(result, null, 2));
  if (values.out !== undefined) await writeFile(values.out, `${JSON.stringify(result, null, 2)}\n`);
  const tooSlow = [short.coldLoadMs, short.liveUpdateMs, long.liveUpdateMs].filter(
    ({ median }) => median >= BOUND_MS,
  );
  if (tooSlow.length > 0) process.exitCode = 1;
} finally {
  await browser.close();
  await rm(folder, { recursive: true, force: true });
}

async function measureShort(on: Browser) {
  await using dashboard = await storedDashboard(folder, SHORT_RUN.rounds, SHORT_RUN.miners);
  return {
    ...SHORT_RUN,
    coldLoadMs: await coldLoads(on, dashboard, '#/learning', 'figure.chart canvas'),
    liveUpdateMs: await liveUpdates(on, dashboard),
  };
}

async function measureLong(on: Browser) {
  const started = performance.now();
  await using dashboard = await storedDashboard(folder, rounds, miners);
  const fillSeconds = (performance.now() - started) / 1000;
  const { size } = await stat(dashboard.archivePath);
  const views: Record<string, Summary> = {};
  for (const path of viewsToAsk()) views[path] = await answers(dashboard, path);
  return {
    rounds,
    miners,
    fillSeconds,
    archiveMegabytes: size / 1e6,
    serverResidentMebibytes: await serverMemory(dashboard),
    views,
    coldLoadMs: await coldLoads(on, dashboard, '#/miners', 'tbody tr:nth-child(50)'),
    ...(await browsing(on, dashboard)),
    liveUpdateMs: await liveUpdates(on, dashboard),
  };
}

/** Of a server alone: this process has made all the rounds up, and keeps what its heap grew to. */
async function serverMemory({ archivePath }: StoredDashboard): Promise<{ idle: number; highest: number }> {
  const script = fileURLToPath(new URL('memory.ts', import.meta.url));
  const asked = [script, archivePath, `${repeats}`, ...viewsToAsk()];
  const { stdout } = await promisify(execFile)(process.execPath, asked);
  return JSON.parse(stdout);
}

function viewsToAsk(): string[] {
  const middle = Math.floor(rounds / 2);
  return [
    '/now',
    '/learning',
    '/miners?limit=50',
    `/miners?limit=500&round=${middle}`,
    `/miners/${sampleHotkey('miner', 1)}`,
    '/validators?rounds=100',
    '/experts',
    '/rounds',
    `/rounds?before=${middle}`,
    `/rounds/${middle}`,
    '/provenance',
    '/security?rounds=100',
    '/security?rounds=100&reason=non_finite_loss',
  ];
}

/** Milliseconds from request to the last byte. */
async function answers({ url }: StoredDashboard, path: string): Promise<Summary> {
  const times: number[] = [];
  for (let i = 0; i <= repeats; i++) {
    const started = performance.now();
    const response = await fetch(new URL(`/api/v1${path}`, url));
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`${path} was answered with ${response.status}`);
    if (i > 0) times.push(performance.now() - started);
  }
  return summarize(times);
}

/** From navigation with an empty cache until the page shows data. */
async function coldLoads(
  on: Browser,
  { url }: StoredDashboard,
  address: string,
  data: string,
): Promise<Summary> {
  const times: number[] = [];
  for (let i = 0; i <= repeats; i++) {
    const context = await on.newContext();
    const page = await context.newPage();
    const started = performance.now();
    await page.goto(new URL(`/${address}`, url).href, { waitUntil: 'commit' });
    await page.locator(data).first().waitFor();
    if (i > 0) times.push(performance.now() - started);
    await context.close();
  }
  return summarize(times);
}

/** From the moment a round is there until the page shows it. */
async function liveUpdates(on: Browser, dashboard: StoredDashboard): Promise<Summary> {
  const page = await on.newPage();
  await page.goto(new URL('/#/rounds', dashboard.url).href);
  await page.locator('tbody tr').first().waitFor();
  const times: number[] = [];
  for (let i = 0; i < repeats; i++) {
    const started = performance.now();
    const round = dashboard.addRound();
    await page.locator(`a[href="#/rounds/${round}"]`).first().waitFor();
    times.push(performance.now() - started);
  }
  await page.close();
  return summarize(times);
}

/** Goes through all pages: the longest task that held up the browser, and what it holds in memory. */
async function browsing(on: Browser, { url }: StoredDashboard) {
  const page: Page = await on.newPage();
  await page.addInitScript(
    'window.longest = 0; new PerformanceObserver((list) => { for (const { duration } of list.getEntries()) window.longest = Math.max(window.longest, duration); }).observe({ type: "longtask", buffered: true });',
  );
  await page.goto(url.href);
  for (const address of [
    'learning',
    'miners',
    'validators',
    'experts',
    'rounds',
    `rounds/${rounds - 1}`,
    'security',
  ]) {
    await page.evaluate(`location.hash = '#/${address}'`);
    await page.locator('main .panel tbody tr:visible').first().waitFor();
  }
  const longestTaskMs = (await page.evaluate('window.longest')) as number;
  const heapMegabytes = ((await page.evaluate('performance.memory.usedJSHeapSize')) as number) / 1e6;
  await page.close();
  return { longestTaskMs, heapMegabytes };
}
