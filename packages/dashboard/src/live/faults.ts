import type { Clock } from '@connito/node';

export type Fault = { readonly part: string; readonly message: string; readonly sinceMs: number };

/** What cannot be read at present, by part. Messages are one line. */
export class Faults {
  readonly #faults = new Map<string, Fault>();
  readonly #clock: Clock;
  readonly #onChange: () => void;

  constructor(clock: Clock, onChange: () => void) {
    this.#clock = clock;
    this.#onChange = onChange;
  }

  get all(): readonly Fault[] {
    return [...this.#faults.values()];
  }

  set(part: string, error: unknown): void {
    const message = (error instanceof Error ? error.message : String(error)).split('\n')[0]!.slice(0, 500);
    const known = this.#faults.get(part);
    if (known?.message === message) return;
    this.#faults.set(part, { part, message, sinceMs: known?.sinceMs ?? this.#clock.nowMs() });
    this.#onChange();
  }

  clear(part: string): void {
    if (this.#faults.delete(part)) this.#onChange();
  }
}
