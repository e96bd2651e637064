import { cellName, type ReplayCell, type Scenario } from '@connito/lab';

/** One thing the lab runs, and how long it takes next to the others. */
export type LabTask = {
  readonly name: string;
  /** Relative to one miner's round on the tiny model. */
  readonly cost: number;
} & (
  | { readonly kind: 'live'; readonly scenario: Scenario }
  | { readonly kind: 'replay'; readonly cell: ReplayCell }
);

/** A miner's round on the foundation next to one on the tiny model. */
const FOUNDATION_COST = 6;
/** A replayed cell scores, merges and measures, but trains nothing. */
const CELL_COST = 20;

export function labTasks(scenarios: readonly Scenario[], cells: readonly ReplayCell[]): LabTask[] {
  return [
    ...scenarios.map((scenario): LabTask => {
      const { name, model = 'foundation', rounds, honestMiners, cast } = scenario;
      const miners = honestMiners + (cast().miners?.length ?? 0);
      const cost = rounds * miners * (model === 'foundation' ? FOUNDATION_COST : 1);
      return { kind: 'live', name, scenario, cost };
    }),
    ...cells.map((cell): LabTask => ({ kind: 'replay', name: cellName(cell), cell, cost: CELL_COST })),
  ];
}

/** How far a run of the lab is; what was read from an earlier run says nothing about the pace. */
export class LabPace {
  readonly #total: number;
  #left: number;
  #done = 0;
  #measuredCost = 0;
  #measuredSeconds = 0;

  constructor(tasks: readonly LabTask[]) {
    this.#total = tasks.length;
    this.#left = tasks.reduce((sum, { cost }) => sum + cost, 0);
  }

  finish({ cost }: LabTask, seconds: number, isRead: boolean): void {
    this.#done += 1;
    this.#left -= cost;
    if (isRead) return;
    this.#measuredCost += cost;
    this.#measuredSeconds += seconds;
  }

  get done(): number {
    return this.#done;
  }

  get total(): number {
    return this.#total;
  }

  /** At the pace so far; null before anything was measured. */
  get secondsLeft(): number | null {
    if (this.#measuredCost === 0) return null;
    return Math.round((this.#left * this.#measuredSeconds) / this.#measuredCost);
  }

  /** Such as `12 of 44 done, about 31 minutes left`. */
  toString(): string {
    const seconds = this.secondsLeft;
    const left =
      seconds === null || this.#done === this.#total
        ? ''
        : `, about ${Math.max(1, Math.round(seconds / 60))} minutes left`;
    return `${this.#done} of ${this.#total} done${left}`;
  }
}
