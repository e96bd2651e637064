import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { chromium, type Page } from 'playwright-core';

const WIDE = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844 };

type Picture = {
  readonly name: string;
  readonly address: string;
  readonly dark?: boolean;
  readonly phone?: boolean;
  readonly full?: boolean;
};

const PICTURES: readonly Picture[] = [
  { name: 'now', address: '#/now' },
  { name: 'now-phone', address: '#/now', phone: true },
  { name: 'learning', address: '#/learning', full: true },
  { name: 'learning-dark', address: '#/learning', dark: true },
  { name: 'miners', address: '#/miners' },
  { name: 'miner', address: 'miner' },
  { name: 'validators', address: '#/validators' },
  { name: 'experts', address: '#/experts', full: true },
  { name: 'rounds', address: '#/rounds' },
  { name: 'round', address: 'round', full: true },
  { name: 'security', address: '#/security' },
];

/** Pictures of a served dashboard's pages, taken with the system's Chromium. */
export async function takePictures(url: URL, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium' });
  try {
    const { rows } = (await (await fetch(new URL('/api/v1/miners', url))).json()) as {
      rows: { hotkey: string; scoreNanoNats: number | null; reason: string | null }[];
    };
    const best = rows[0]?.hotkey ?? '';
    const refused = rows.find(({ scoreNanoNats }) => scoreNanoNats === 0)?.hotkey ?? best;
    const { rows: rounds } = (await (await fetch(new URL('/api/v1/rounds', url))).json()) as {
      rows: { round: number }[];
    };
    for (const picture of PICTURES) {
      const context = await browser.newContext({
        viewport: picture.phone === true ? PHONE : WIDE,
        colorScheme: picture.dark === true ? 'dark' : 'light',
        reducedMotion: 'reduce',
      });
      await context.addInitScript((hotkey) => localStorage.setItem('connito.pin', hotkey), refused);
      const page = await context.newPage();
      page.setDefaultTimeout(60_000);
      const address =
        picture.address === 'miner'
          ? `#/miners/${best}`
          : picture.address === 'round'
            ? `#/rounds/${rounds[0]?.round ?? 0}`
            : picture.address;
      await page.goto(new URL(`/${address}`, url).href);
      await settled(page);
      const path = join(folder, `dashboard-${picture.name}.png`);
      await page.screenshot({ path, fullPage: picture.full === true, animations: 'disabled' });
      console.log(`${path} ${(await stat(path)).size} bytes`);
      await context.close();
    }
  } finally {
    await browser.close();
  }
}

/** Waits for data in every panel. */
async function settled(page: Page): Promise<void> {
  await page.locator('main .panel').first().waitFor();
  await page.getByText('Reading…').first().waitFor({ state: 'detached' });
  await page.waitForLoadState('load');
}
