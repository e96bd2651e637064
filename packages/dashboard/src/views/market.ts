import type { MarketAnswer } from '../api/schemas/market.ts';
import type { LiveSource } from './health.ts';
import { nameOf } from './source.ts';

/** The market's index and statements as they were last read, with local names. */
export function marketView(source: LiveSource): MarketAnswer {
  const { market } = source;
  const last = market?.last ?? null;
  if (last === null)
    return { configured: market !== null, readAtMs: null, index: null, packages: [], statements: [] };
  const { index, packages, statements } = last.value;
  const person = (hotkey: string) => ({ hotkey, name: nameOf(source, hotkey) });
  return {
    configured: true,
    readAtMs: last.atMs,
    index,
    packages: packages.map(({ publisher, signers, ...rest }) => ({
      ...rest,
      publisher: person(publisher),
      signers: signers.map(person),
      ofThisRun: rest.run === source.context.run,
    })),
    statements: statements.map(({ server, payees, ...rest }) => ({
      ...rest,
      server: person(server),
      payees: payees.map(({ hotkey, amount }) => ({ ...person(hotkey), amount })),
    })),
  };
}
