import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { SCENARIOS } from './index.ts';

const PAGE = new URL('../../../../docs/understand/threats.md', import.meta.url);
/** As the page names scenarios: lab `one`, `another`. */
const NAMED = /\blab ((?:`[a-z0-9-]+`(?:, )?)+)/g;

async function namedOnThePage(): Promise<string[]> {
  const text = await readFile(PAGE, 'utf8');
  return [...text.matchAll(NAMED)].flatMap(([, list]) => list!.match(/[a-z0-9-]+/g)!);
}

test('every scenario that the page of threats names is in the lab', async () => {
  const known = SCENARIOS.map(({ name }) => name);
  expect((await namedOnThePage()).filter((name) => !known.includes(name))).toEqual([]);
});

test('the page of threats names every scenario of the lab', async () => {
  const named = new Set(await namedOnThePage());
  expect(SCENARIOS.filter(({ name }) => !named.has(name)).map(({ name }) => name)).toEqual([]);
});

test('no row of the page of threats goes without a test, a scenario, or a reason', async () => {
  const text = await readFile(PAGE, 'utf8');
  const rows = text
    .split('\n')
    .filter((line) => line.startsWith('| ') && !/^\| (attack|fault|---) /.test(line));
  const empty = rows.filter((row) => {
    const shown = row.split(' | ').at(-1)!.replace(/\|$/, '').trim();
    return !/"|lab `|`[\w-]+\.test\.ts`|not yet covered|not there/.test(shown);
  });
  expect(empty).toEqual([]);
});

test('names are different, and the quick set has at least twelve', () => {
  expect(new Set(SCENARIOS.map(({ name }) => name)).size).toBe(SCENARIOS.length);
  expect(SCENARIOS.filter(({ quick }) => quick).length).toBeGreaterThanOrEqual(12);
});
