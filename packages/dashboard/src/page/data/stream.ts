import { computed, signal } from '@preact/signals';
import type { EventName } from '../../api/schemas/events.ts';
import type { Health } from '../../api/schemas/health.ts';

/** The server sends health every 5 s; twice missed, and the connection counts as lost. */
const SILENCE_MS = 12_000;
const RECONNECT_MS = 1_000;
const EVENTS: readonly EventName[] = ['hello', 'block', 'round', 'measured', 'market', 'serving', 'health'];

export const health = signal<Health | null>(null);
export const connected = signal(false);
export const lastEventAtMs = signal<number | null>(null);
/** Ticks each second, for ages and countdowns. */
export const nowMs = signal(Date.now());

export type Badge = 'live' | 'stale' | 'degraded';

/** What the reader may rely on: the worse of what the server says and of the connection to it. */
export const badge = computed<Badge>(() => (connected.value ? (health.value?.state ?? 'stale') : 'stale'));

type Listener = (name: EventName) => void;
const listeners = new Set<Listener>();

export function onEvent(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Keeps one event stream open for the page's life. */
export function startStream(): void {
  let source: EventSource | null = null;
  const open = (): void => {
    source?.close();
    source = new EventSource('/api/v1/events');
    source.onerror = () => {
      connected.value = false;
      source?.close();
      setTimeout(open, RECONNECT_MS);
    };
    for (const name of EVENTS) {
      source.addEventListener(name, (event) => received(name, (event as MessageEvent<string>).data));
    }
  };
  open();
  setInterval(() => {
    nowMs.value = Date.now();
    const silentMs = nowMs.value - (lastEventAtMs.value ?? nowMs.value);
    if (connected.value && silentMs > SILENCE_MS) {
      connected.value = false;
      open();
    }
  }, 1_000);
}

function received(name: EventName, data: string): void {
  connected.value = true;
  lastEventAtMs.value = Date.now();
  const body: unknown = JSON.parse(data);
  if (name === 'hello') health.value = (body as { health: Health }).health;
  if (name === 'health') health.value = body as Health;
  for (const listener of listeners) listener(name);
}
