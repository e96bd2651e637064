import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';

const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** Whether browser tests can run here; says so loudly where they cannot. */
export function hasChromium(): boolean {
  if (existsSync(CHROMIUM)) return true;
  console.warn(
    `SKIPPED: browser tests of the dashboard. There is no ${CHROMIUM}; install chromium or set CHROMIUM.`,
  );
  return false;
}

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM });
}

/** What a page did that it must not: ran other scripts, logged errors, or asked another server. */
export type Offences = string[];

/** A page that notes errors, dialogs and requests to other servers. */
export async function watchedPage(
  browser: Browser,
  url: URL,
  options: { readonly width?: number; readonly height?: number } = {},
): Promise<{ readonly page: Page; readonly offences: Offences }> {
  const { width = 1280, height = 800 } = options;
  const page = await browser.newPage({ viewport: { width, height } });
  page.setDefaultTimeout(45_000);
  const offences: Offences = [];
  page.on('pageerror', (error) => offences.push(`error: ${error.message}`));
  page.on('dialog', (dialog) => {
    offences.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('console', (message) => {
    if (/content security policy/i.test(message.text())) offences.push(message.text());
  });
  page.on('request', (request) => {
    if (new URL(request.url()).hostname !== url.hostname) offences.push(`request: ${request.url()}`);
  });
  return { page, offences };
}
