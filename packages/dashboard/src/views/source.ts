import type { RunContext } from '@connito/run';
import type { Archive, Row } from '../archive/archive.ts';

/** What every view is made from. */
export type ViewSource = {
  readonly context: RunContext;
  readonly archive: Archive;
  /** Names of hotkeys that somebody gave them locally; the ledger knows none. */
  readonly names: ReadonlyMap<string, string>;
};

export type { Row };

export function rowsOf(source: ViewSource, sql: string, ...parameters: (string | number)[]): Row[] {
  return source.archive.rows(sql, ...parameters);
}

export function nameOf(source: ViewSource, hotkey: string): string | null {
  return source.names.get(hotkey) ?? null;
}

export function isTrained({ context }: ViewSource, domain: string): boolean {
  return context.definition.groups.some((group) => group.domain === domain);
}
