import type { DashboardEvent } from '../api/schemas/events.ts';

/** Passes events on to whoever listens now; nobody's slowness holds up the others. */
export class EventHub {
  readonly #listeners = new Set<(event: DashboardEvent) => void>();

  emit(event: DashboardEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  subscribe(listener: (event: DashboardEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get listeners(): number {
    return this.#listeners.size;
  }
}
