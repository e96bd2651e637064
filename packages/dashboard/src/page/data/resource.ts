import { type ReadonlySignal, type Signal, signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { EventName } from '../../api/schemas/events.ts';
import { onEvent } from './stream.ts';

/** The last good answer to a path, and why a newer one could not be had. */
export type Resource<T> = {
  readonly data: T | null;
  readonly error: string | null;
  readonly atMs: number | null;
};

type Entry = { readonly state: Signal<Resource<unknown>>; running: boolean; again: boolean };

/** Answers kept while the page is open, so that going back shows the last known data at once. */
const MAX_ENTRIES = 64;
const entries = new Map<string, Entry>();

function entryOf(path: string): Entry {
  const known = entries.get(path);
  if (known !== undefined) {
    entries.delete(path);
    entries.set(path, known);
    return known;
  }
  const made: Entry = {
    state: signal({ data: null, error: null, atMs: null }),
    running: false,
    again: false,
  };
  entries.set(path, made);
  const [oldest] = entries.keys();
  if (entries.size > MAX_ENTRIES && oldest !== undefined) entries.delete(oldest);
  return made;
}

async function load(path: string): Promise<void> {
  const entry = entryOf(path);
  if (entry.running) {
    entry.again = true;
    return;
  }
  entry.running = true;
  try {
    const response = await fetch(`/api/v1${path}`);
    const body: unknown = await response.json();
    if (response.ok) entry.state.value = { data: body, error: null, atMs: Date.now() };
    else entry.state.value = { ...entry.state.value, error: messageOf(body) };
  } catch {
    entry.state.value = { ...entry.state.value, error: 'The server does not answer.' };
  } finally {
    entry.running = false;
    if (entry.again) {
      entry.again = false;
      void load(path);
    }
  }
}

function messageOf(body: unknown): string {
  const error = (body as { error?: { message?: unknown } }).error;
  return typeof error?.message === 'string' ? error.message : 'The answer cannot be read.';
}

/** An answer that is asked for anew whenever one of `events` happens, and after each reconnection. */
export function useResource<T>(path: string, events: readonly EventName[] = []): ReadonlySignal<Resource<T>> {
  const key = events.join();
  useEffect(() => {
    void load(path);
    const wanted = new Set<string>([...key.split(','), 'hello']);
    return onEvent((name) => {
      if (wanted.has(name)) void load(path);
    });
  }, [path, key]);
  return entryOf(path).state as ReadonlySignal<Resource<unknown>> as ReadonlySignal<Resource<T>>;
}
