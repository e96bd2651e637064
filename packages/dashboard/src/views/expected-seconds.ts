import type { ViewSource } from './source.ts';

/** Finished rounds whose durations tell how long the next one takes. */
const EXPECTATION_ROUNDS = 5;

/** Median seconds of each window over the last finished rounds; none before the first. */
export function expectedSeconds({ archive }: ViewSource): {
  readonly rounds: number;
  readonly seconds: ReadonlyMap<string, number>;
} {
  const next = archive.nextRound;
  const first = Math.max(0, next - EXPECTATION_ROUNDS);
  const durations = new Map<string, number[]>();
  for (let round = first; round < next; round++) {
    for (const { name, startedAtMs, endedAtMs } of archive.windows(round)) {
      const known = durations.get(name) ?? [];
      known.push((endedAtMs - startedAtMs) / 1000);
      durations.set(name, known);
    }
  }
  const seconds = new Map([...durations].map(([name, values]) => [name, median(values)]));
  return { rounds: next - first, seconds };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2;
}
