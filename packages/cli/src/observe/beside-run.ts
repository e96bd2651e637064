import { readFile } from 'node:fs/promises';
import type { DashboardOptions } from '@connito/dashboard';
import type { Ledger } from '@connito/ledger';
import { fileError } from '@connito/node';
import type { BesideOptions } from '../command/beside-flags.ts';
import { cliError } from '../errors.ts';

/** What a dashboard shows besides its run: a market, whose payments are looked for on `ledger`, and a server of models. */
export async function besideRun(
  { market, statements, serving, servingKey }: BesideOptions,
  ledger: Ledger,
): Promise<Pick<DashboardOptions, 'market' | 'serving'>> {
  const shown: { -readonly [Key in 'market' | 'serving']?: DashboardOptions[Key] } = {};
  if (market !== undefined || statements.length > 0) {
    const { MarketSource } = await import('./market-source.ts');
    const index = market === undefined ? {} : { index: market };
    shown.market = new MarketSource({ ...index, statements, ledger });
  }
  if (serving !== undefined) {
    const key = servingKey === undefined ? {} : { apiKey: await readKey(servingKey) };
    shown.serving = { url: serving, ...key };
  }
  return shown;
}

/** The first word of a file, as in the file of keys that "connito serve" takes. */
async function readKey(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw fileError(error, path);
  });
  const [key = ''] = text.trim().split(/\s+/);
  if (!/^[\x21-\x7e]{1,512}$/.test(key))
    throw cliError('invalid_option', `--serving-key: ${path} holds no key`);
  return key;
}
