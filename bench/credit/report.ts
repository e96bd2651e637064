import type { Machine } from '../support/machine.ts';
import { SCENES } from './scenes.ts';

/** The local network's. */
const LOCAL_WEIGHT = '0.5';
/** Values of `emission.marginalWeight` that are compared. */
export const MARGINAL_WEIGHTS = ['0', '0.25', '0.5', '1'] as const;

/** One scene in one group of one series. */
export type Measured = {
  readonly series: number;
  readonly domain: string;
  readonly scene: string;
  readonly rows: readonly {
    readonly party: string;
    readonly scoreNanoNats: number;
    /** Null where the update earned nothing and so was not merged. */
    readonly contributionNanoNats: number | null;
  }[];
  /** Part of the group's credit for the party that the scene is about, in the order of `MARGINAL_WEIGHTS`. */
  readonly paid: readonly number[];
};

export type CreditResult = {
  readonly date: string;
  readonly machine: Machine;
  readonly measured: readonly Measured[];
};

export function markdown({ date, machine, measured }: CreditResult): string {
  const runs = new Set(measured.map(({ series, domain }) => `${series}/${domain}`)).size;
  const head = [
    'scene',
    'who',
    'solo, millinats',
    'contribution, millinats',
    ...MARGINAL_WEIGHTS.map((s) => `paid at ${s}`),
  ];
  const rows = SCENES.map(({ name, about }) => {
    const own = measured.filter(({ scene }) => scene === name);
    const ofParty = own.map(({ rows: all }) => all.filter(({ party }) => party === about));
    const solo = ofParty.map((all) => sum(all.map(({ scoreNanoNats }) => scoreNanoNats)) / 1e6);
    const contributed = ofParty.map(
      (all) => sum(all.map(({ contributionNanoNats }) => contributionNanoNats ?? 0)) / 1e6,
    );
    const paid = MARGINAL_WEIGHTS.map((_, i) => percent(own.map(({ paid: parts }) => parts[i]!)));
    return [name, about, middle(solo), middle(contributed), ...paid];
  });
  const others = measured.filter(({ scene }) => scene === SCENES[0]!.name).flatMap(({ rows: all }) => all);
  return `# Credit by solo score and by leave-one-out, ${date}

\`npx node bench/credit/run.ts\` on ${machine.cores} cores (${machine.cpu}), Node ${machine.node}.

Real updates of \`bench/copy-detection\` on the shipped foundation, at round 2, scored and merged as shipped: ${runs} runs (one domain of one
series each). Figures of parties with several keys are added up. Mean over runs, with the range. *Paid* is the part of the group's
credit at each \`marginalWeight\`; ${LOCAL_WEIGHT} is the local network's. No duplicate check is applied, to show what credit alone does: see the
scenes' names for those that it would catch.

| ${head.join(' | ')} |
|${head.map(() => ' --- |').join('')}
${rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n')}

Among the four honest miners alone, the sum of contributions is ${ratio(measured)} of the sum of solo scores, and ${negatives(others)} of ${others.length}
contributions are not positive.
`;
}

function ratio(measured: readonly Measured[]): string {
  const own = measured.filter(({ scene }) => scene === SCENES[0]!.name);
  const parts = own.map(
    ({ rows }) =>
      sum(rows.map(({ contributionNanoNats }) => contributionNanoNats ?? 0)) /
      sum(rows.map(({ scoreNanoNats }) => scoreNanoNats)),
  );
  return percent(parts);
}

function negatives(rows: Measured['rows']): number {
  return rows.filter(({ contributionNanoNats }) => (contributionNanoNats ?? 0) <= 0).length;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function middle(values: readonly number[]): string {
  const mean = sum(values) / values.length;
  return `${mean.toFixed(1)} (${Math.min(...values).toFixed(1)} to ${Math.max(...values).toFixed(1)})`;
}

function percent(parts: readonly number[]): string {
  const text = (part: number): string => (100 * part).toFixed(0);
  const mean = sum(parts) / parts.length;
  return `${text(mean)} % (${text(Math.min(...parts))} to ${text(Math.max(...parts))})`;
}
