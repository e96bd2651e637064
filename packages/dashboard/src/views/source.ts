import type { RunContext } from '@connito/run';
import type { Archive } from '../archive/archive.ts';

/** What every view is made from. */
export type ViewSource = {
  readonly context: RunContext;
  readonly archive: Archive;
  /** Names of hotkeys that somebody gave them locally; the ledger knows none. */
  readonly names: ReadonlyMap<string, string>;
};

/** A row of SQLite as the queries here read them. */
export type Row = Readonly<Record<string, string | number | bigint | Uint8Array | null>>;

export function rowsOf(source: ViewSource, sql: string, ...parameters: (string | number)[]): Row[] {
  return source.archive.database.prepare(sql).all(...parameters) as Row[];
}

export function nameOf(source: ViewSource, hotkey: string): string | null {
  return source.names.get(hotkey) ?? null;
}

export function isTrained({ context }: ViewSource, domain: string): boolean {
  return context.definition.groups.some((group) => group.domain === domain);
}
