import { type HttpServer, serve } from '@connito/node';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ExpertsAnswer } from './api/schemas/experts.ts';
import type { MinersAnswer } from './api/schemas/miners.ts';
import type { RoundAnswer } from './api/schemas/rounds.ts';
import type { Dashboard, DashboardOptions } from './serve-dashboard.ts';
import { hasChromium, launchBrowser, type Offences, watchedPage } from './testing/browser.ts';
import { HOSTILE, sampleMarket } from './testing/sample-market.ts';
import { type SmallNetwork, startSmallNetwork } from './testing/small-network.ts';

const ROUNDS = 3;
/** On a busy machine a page may take its time. */
const PATIENCE = { timeout: 45_000 };

/** A server of models as far as the dashboard asks it. */
function serveModels(): Promise<HttpServer> {
  const models = {
    data: [
      {
        id: 'math',
        created: 1,
        connito: {
          engine: 'connito',
          version: 1,
          context: 512,
          routing: { layers: 4, experts: 16 },
          packages: ['@lab/math@1.2.0'],
        },
      },
    ],
  };
  const metrics = [
    'connito_gateway_tokens_total{model="math",kind="completion"} 640',
    'connito_gateway_package_tokens_total{model="math",package="@lab/math@1.2.0"} 512',
    'connito_gateway_first_token_seconds_bucket{model="math",le="0.5"} 8',
    'connito_gateway_first_token_seconds_bucket{model="math",le="+Inf"} 8',
    'connito_gateway_first_token_seconds_sum{model="math"} 2',
    'connito_gateway_first_token_seconds_count{model="math"} 8',
  ].join('\n');
  const answer = ({ url }: Request): Response =>
    url.endsWith('/metrics') ? new Response(metrics) : Response.json(models);
  return serve({ fetch: answer, port: 0, graceMs: 0 });
}

/** The page in a real browser on a real network that goes on meanwhile; tests build on each other. */
describe.skipIf(!hasChromium())('the page', { timeout: 120_000 }, () => {
  let small: SmallNetwork;
  let models: HttpServer;
  let besides: Partial<DashboardOptions>;
  let dashboard: Dashboard;
  let browser: Browser;
  let page: Page;
  let offences: Offences;

  const open = async (address: string): Promise<void> => {
    await page.goto(new URL(`/#/${address}`, dashboard.url).href);
  };
  const ask = async <T>(path: string): Promise<T> => {
    const response = await fetch(new URL(`/api/v1${path}`, dashboard.url));
    return (await response.json()) as T;
  };

  beforeAll(async () => {
    [small, browser] = await Promise.all([startSmallNetwork(ROUNDS), launchBrowser()]);
    const { hotkey } = (await small.network.context.ledger.neurons(1)).find(
      ({ validatorPermit }) => !validatorPermit,
    )!;
    const facts = sampleMarket(small.network.context.run, hotkey);
    models = await serveModels();
    besides = { market: { read: async () => facts }, serving: { url: models.url } };
    dashboard = await small.serve({ names: new Map([[hotkey, HOSTILE]]), ...besides });
    ({ page, offences } = await watchedPage(browser, dashboard.url));
  });

  afterAll(async () => {
    await browser.close();
    await models.stop();
    await small[Symbol.asyncDispose]();
  });

  it('says where the network is, and follows it without being asked', async () => {
    await open('now');
    await page.getByRole('status').filter({ hasText: 'Live' }).waitFor();
    await page.getByText(/^round \d+$/).waitFor();
    await page.getByText(/^round [1-9]$/).waitFor();
    await page.getByRole('table', { name: 'Miners of the open round' }).waitFor();
    expect(
      await page.getByRole('table', { name: 'Miners of the open round' }).locator('tbody tr').count(),
    ).toBe(5);
  });

  it('answers a pinned miner: turn, count, why zero', async () => {
    await page.getByText(/^round [2-9]$/).waitFor();
    // The overflower registered last.
    await page.getByRole('button', { name: /^Pin / }).last().click();
    const own = page.getByRole('region', { name: 'Your miner' });
    await own.getByText('My turn?').waitFor();
    await own.getByText(/non-finite loss on at least one evaluation sequence/).waitFor();
    await own.getByText(/lower the learning rate or the number of steps/).waitFor();
    await page.reload();
    await own.getByText('Why zero?').waitFor();
  });

  it('shows what was learned, as charts and as tables', async () => {
    await open('learning');
    const newest = page.getByRole('table', { name: /newest measured state/ });
    await newest.getByRole('row', { name: /^code/ }).waitFor();
    expect(await page.locator('figure.chart canvas').count()).toBeGreaterThan(1);
    await page.getByText('As a table').first().click();
    await page
      .getByRole('table', { name: /Fall of the held-out loss/ })
      .getByRole('rowheader', { name: '0' })
      .waitFor();
    await page
      .getByRole('table', { name: /since the base model, by round/ })
      .first()
      .waitFor();
    const gains = page.getByRole('figure', { name: /against the round before/ });
    await gains.getByText('As a table').click();
    const first = gains.locator('.table-box tbody tr').nth(1);
    await expect.poll(() => first.textContent(), PATIENCE).toMatch(/ to .*((code|math): \d+ × |no step)/);
    await newest
      .getByRole('row', { name: /^code/ })
      .getByText(/\(.* to .*\)/)
      .nth(1)
      .waitFor();
  });

  it('lists miners with the figures of the API, and says where they come from', async () => {
    await open('miners');
    const table = page.getByRole('table', { name: 'Miners of the last finished round' });
    await table.locator('tbody tr').nth(4).waitFor();
    const { rows } = await ask<MinersAnswer>('/miners?limit=500');
    const best = rows[0]!;
    const score = (best.scoreNanoNats! / 1e6).toFixed(2);
    await table.getByText(score, { exact: true }).first().hover();
    const origin = page.getByRole('tooltip');
    await origin.getByText('Agreed score').waitFor();
    expect(await origin.textContent()).toContain('/api/v1/miners → rows[].scoreNanoNats');
    await page.getByLabel('Search').fill(`${best.uid}`);
    await expect.poll(() => table.locator('tbody tr').count(), PATIENCE).toBeLessThan(5);
    await page.getByLabel('Search').fill('');
  });

  it('runs no script that strangers put into names', async () => {
    await open('miners');
    await page.getByText(HOSTILE, { exact: true }).first().waitFor();
    await page.getByText(HOSTILE, { exact: true }).first().click();
    await page.getByRole('heading', { name: HOSTILE }).waitFor();
    expect(await page.locator('main img, main script').count()).toBe(0);
    expect(offences).toEqual([]);
  });

  it('tells one miner’s history', async () => {
    const rows = page.getByRole('table', { name: 'The miner’s rounds, newest first' }).locator('tbody tr');
    await rows.nth(1).waitFor();
    expect(await page.locator('figure.chart canvas').count()).toBe(1);
  });

  it('shows how validators agree', async () => {
    await open('validators');
    const rows = page.getByRole('table', { name: 'Validators over the last rounds' }).locator('tbody tr');
    await rows.nth(2).waitFor();
    expect(await rows.first().textContent()).toContain('100.0');
    await page
      .getByRole('link', { name: /^round 0: report in time, canonical state/ })
      .first()
      .waitFor();
  });

  it('shows which experts a domain uses, and who owns them', async () => {
    await open('experts');
    const load = page.getByRole('table', { name: /Routing load of code/ });
    await load.locator('td.framed').first().waitFor();
    await page.getByRole('button', { name: 'change', exact: true }).click();
    await load
      .locator('td', { hasText: /[+−]\d/ })
      .first()
      .waitFor();
    await page
      .getByRole('list', { name: /Experts of group math/ })
      .first()
      .waitFor();
  });

  it('shows how far each update moves each expert', async () => {
    const norms = page.getByRole('table', { name: /Norms of the updates of group code/ });
    const { updates } = await ask<ExpertsAnswer>('/experts');
    const own = updates!.rows.filter(({ group }) => group === 'code');
    await expect.poll(() => norms.locator('tbody tr').count(), PATIENCE).toBe(own.length);
    const [best] = own;
    expect(best!.norm).toBeGreaterThan(0);
    await norms.getByText(best!.norm.toPrecision(3), { exact: true }).first().waitFor();
  });

  it('tells a round’s whole story, down to a signed report', async () => {
    await open('rounds');
    await page
      .getByRole('table', { name: /Contributors to group/ })
      .first()
      .locator('tbody tr a')
      .first()
      .waitFor();
    await page.getByRole('link', { name: '0', exact: true }).first().click();
    await page.getByText('connito verify --round 0').waitFor();
    const gains = page.getByRole('table', { name: /of the whole model and of the sub-model/ });
    const told = await ask<RoundAnswer>('/rounds/0');
    const code = told.gains.find(({ domain }) => domain === 'code')!;
    const row = gains.getByRole('row', { name: /^code/ });
    const gap = Math.abs(1000 * code.subModel!.gap).toFixed(1);
    await row.getByText(new RegExp(`${gap} \\(`)).waitFor();
    await page.locator('details.card').first().click();
    await page
      .getByRole('table', { name: /What each validator measured/ })
      .first()
      .waitFor();
    const href = await page
      .getByRole('table', { name: /each validator posted/ })
      .getByRole('link')
      .first()
      .getAttribute('href');
    const report = await fetch(new URL(href!, dashboard.url));
    const { document } = (await report.json()) as { document: { round: number } };
    expect(document.round).toBe(0);
    expect(report.headers.get('content-security-policy')).toContain('sandbox');
  });

  it('says which check refused what', async () => {
    await open('security');
    const check = page.getByRole('row', { name: /every measured loss is finite/ });
    await check.getByRole('button', { name: /non finite loss/ }).click();
    const events = page.getByRole('table', { name: 'Rejections, newest first' });
    await expect
      .poll(async () => (await events.locator('tbody tr').allTextContents()).join(), PATIENCE)
      .toMatch(/^(?!.*copy).*non finite loss/);
  });

  it('compares packages, and shows who was paid for their use', async () => {
    await open('market');
    const packages = page.getByRole('table', { name: 'Packages on offer' });
    await packages.getByText('+817.4 (+663.0 to +971.8)').waitFor();
    await packages.getByText('revoked', { exact: true }).waitFor();
    for (const name of ['@lab/math', '@lab/law']) {
      await page.getByRole('checkbox', { name: new RegExp(`^Compare ${name}`) }).press('Space');
    }
    const beside = page.getByRole('table', { name: 'Chosen packages beside each other' });
    await beside.getByRole('columnheader', { name: '@lab/law@1.2.0' }).waitFor();
    await beside.getByText(HOSTILE, { exact: true }).first().waitFor();
    expect(await beside.getByRole('row', { name: /^gain/ }).locator('td').count()).toBe(2);
    const statements = page.getByRole('table', { name: 'Statements of what servers owe' });
    await statements.getByText('paid in block 31').waitFor();
    await statements.getByText('not paid').waitFor();
    await statements.locator('summary').first().press('Enter');
    await page
      .getByRole('table', { name: 'Payees of statement 1' })
      .getByText(HOSTILE, { exact: true })
      .waitFor();
    await page.getByLabel('Search').fill('law');
    await expect.poll(() => packages.locator('tbody tr').count(), PATIENCE).toBe(1);
    expect(await page.locator('main img, main script').count()).toBe(0);
  });

  it('shows what is served, and whose experts answer', async () => {
    await open('serving');
    const served = page.getByRole('table', { name: 'Models that are served' });
    await served.getByRole('row', { name: /math/ }).waitFor();
    await served.getByText('≤ 500').first().waitFor();
    await page
      .getByRole('table', { name: 'Tokens by model and package' })
      .getByText('@lab/math@1.2.0')
      .waitFor();
    expect(offences).toEqual([]);
  });

  it('keeps the last known data without its server, says so, and comes back by itself', async () => {
    await open('rounds');
    const rows = page.getByRole('table', { name: 'Finished rounds, newest first' }).locator('tbody tr');
    await rows.nth(1).waitFor();
    const { port } = dashboard.url;
    await dashboard.stop();
    await page.getByRole('status').filter({ hasText: 'Stale' }).waitFor();
    expect(await rows.count()).toBeGreaterThan(1);
    dashboard = await small.serve({ port: Number(port), ...besides });
    await page.getByRole('status').filter({ hasText: 'Live' }).waitFor();
  });

  it('is used by the keyboard', async () => {
    await open('now');
    await page.getByRole('table', { name: 'Miners of the open round' }).waitFor();
    await page.reload();
    await page.getByRole('link', { name: 'Learning' }).waitFor();
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement?.textContent')).toContain('Skip to content');
    await page.getByRole('link', { name: 'Miners' }).focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => page.evaluate('document.activeElement?.id'), PATIENCE).toBe('main');
    await page.getByRole('button', { name: 'score' }).focus();
    await page.getByRole('tooltip').getByText('Agreed score').waitFor();
  });

  it('fits a phone: nothing but tables scrolls sideways', async () => {
    const { page: phone, offences: own } = await watchedPage(browser, dashboard.url, {
      width: 390,
      height: 844,
    });
    for (const address of [
      'now',
      'learning',
      'miners',
      'validators',
      'experts',
      'rounds',
      'rounds/0',
      'security',
      'market',
      'serving',
    ]) {
      await phone.goto(new URL(`/#/${address}`, dashboard.url).href);
      await phone.locator('main .panel').first().waitFor();
      const overhang = await phone.evaluate(
        'document.documentElement.scrollWidth - document.documentElement.clientWidth',
      );
      expect(overhang, address).toBeLessThanOrEqual(0);
    }
    expect(own).toEqual([]);
  });

  it('did nothing that it must not in all of this', () => {
    expect(offences).toEqual([]);
  });
});
