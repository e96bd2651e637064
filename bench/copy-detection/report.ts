import type { Machine } from '../support/machine.ts';
import { type Compared, STATISTICS } from './compare.ts';
import type { Earning } from './earnings.ts';
import { detectors, type EvasionResult, type Interval, roc, type Thresholds } from './roc.ts';

export type CopyResult = {
  readonly date: string;
  readonly machine: Machine;
  readonly series: number;
  /** Domain sequences of an exam, and tokens of each. */
  readonly exam: { readonly sequences: number; readonly tokens: number };
  /** In the order of `STATISTICS`. */
  readonly thresholds: Thresholds;
  readonly compared: readonly Compared[];
  readonly earnings: readonly Earning[];
};

/** Of honest miners and rounds, that may be taken for copies. */
export const RATE = 0.01;
/** Honest miners of a group: as in the default network, and twice as many. */
const GROUP_SIZES = [2, 4];

export function markdown(result: CopyResult): string {
  const { date, machine, series, thresholds, compared } = result;
  const limits = STATISTICS.map((name, i) => `${name} ${thresholds[i]}`).join(', ');
  return `# Copies against honest work, ${date}

\`npx node bench/copy-detection/run.ts --series ${series}\` on ${machine.cores} cores (${machine.cpu}), Node ${machine.node}.

## Method

${series} series of five rounds on the shipped foundation, with the local network's parameters: 3 domains, 4 miners each, every update
a real training (5 AdamW steps of 8 × 128 tokens) from the merged state of the round before. Series differ in data shares and orders.
Miners of a round have disjoint shares, drawn anew in each round. Copies are made of miner 0's update: of the
round before, or of the same round, which only an operator of several keys can do. They are sketched as a validator
does, from the round's state and seed, and compared with all works of the two rounds before and all earlier ones of the same round. Honest
miners stand at every place in the order; copies at the first and at the last.

A false positive is an honest miner and round of which any comparison reaches a threshold. Intervals are the middle
95 % of 1000 resamples of whole runs (one domain of one series, with all its trainings), not of pairs.

${GROUP_SIZES.map((miners) => section(result, miners)).join('\n')}
## What honest work has in common

Largest similarity of an honest miner and round to any work it is compared with: median and maximum over ${compared.filter(({ kind }) => kind === 'honest').length} places.

${honestTable(compared)}

## What copies would earn

Mean Proof-of-Loss score if nobody noticed, over that of the honest miners of the same group and round, with its range over
${new Set(result.earnings.map(({ series: s, domain }) => `${s}/${domain}`)).size} runs. Round 2, exams of ${result.exam.sequences} sequences of ${result.exam.tokens} tokens.

${earningsTable(result.earnings)}

Thresholds: ${limits}. The data are in \`${date}-copy-detection.json\`, the curves in \`${date}-copy-detection.svg\`.
`;
}

function section({ compared, thresholds }: CopyResult, miners: number): string {
  const own = compared.filter((work) => work.miners === miners);
  const { honest, evasions, falsePositivesAsShipped, thresholds: found } = roc(own, thresholds, RATE);
  const names = detectors(thresholds).map(({ name }) => name);
  const cutoffs = found.map((threshold, d) => `${names[d]} ${span(threshold, 3)}`).join(', ');
  const head = ['copy', 'works', ...names.map((name) => `${name}, 1 % false`), 'as shipped'];
  const table = (from: EvasionResult['from']): string =>
    [
      `| ${head.join(' | ')} |`,
      `|${head.map(() => ' --- |').join('')}`,
      ...evasions
        .filter((evasion) => evasion.from === from)
        .map(({ kind, works, atRate, asShipped }) =>
          ['', kind, works, ...atRate.map(percent), percent(asShipped), ''].join(' | ').trim(),
        ),
    ].join('\n');
  return `## True positives, ${miners} honest miners in the group

${honest} honest places. As shipped, ${percent(falsePositivesAsShipped)} of them are taken for copies. Thresholds at ${100 * RATE} %: ${cutoffs} (the whole
detector's is what all shipped thresholds could move by).

Copies of the round before:

${table('before')}

Copies within the round, by an operator of several keys:

${table('same')}
`;
}

function honestTable(compared: readonly Compared[]): string {
  const rows = GROUP_SIZES.flatMap((miners) =>
    [...new Set(compared.map(({ domain }) => domain))].map((domain) => {
      const own = compared.filter(
        (work) => work.kind === 'honest' && work.miners === miners && work.domain === domain,
      );
      const cells = STATISTICS.map((_, i) => {
        const values = own.map(({ largest }) => largest[i]!).sort((a, b) => a - b);
        return `${values[values.length >> 1]!.toFixed(2)}, ${values.at(-1)!.toFixed(2)}`;
      });
      return `| ${[domain, miners, ...cells].join(' | ')} |`;
    }),
  );
  const head = ['domain', 'miners', ...STATISTICS];
  return [`| ${head.join(' | ')} |`, `|${head.map(() => ' --- |').join('')}`, ...rows].join('\n');
}

function earningsTable(earnings: readonly Earning[]): string {
  const sceneOf = ({ series, domain, round }: Earning): string => `${series}/${domain}/${round}`;
  const honest = new Map<string, number[]>();
  for (const earning of earnings) {
    if (earning.kind !== 'honest') continue;
    const key = sceneOf(earning);
    honest.set(key, [...(honest.get(key) ?? []), earning.scoreNanoNats]);
  }
  const ratios = new Map<string, number[]>();
  for (const earning of earnings) {
    if (earning.kind === 'honest') continue;
    const peers = mean(honest.get(sceneOf(earning))!);
    if (peers === 0) continue;
    const where = earning.from === 'before' ? 'the round before' : 'the same round';
    const key = `${earning.kind} | ${where}`;
    ratios.set(key, [...(ratios.get(key) ?? []), earning.scoreNanoNats / peers]);
  }
  const rows = [...ratios].map(([key, values]) => {
    const range = `${Math.min(...values).toFixed(2)} to ${Math.max(...values).toFixed(2)}`;
    return `| ${key} | ${mean(values).toFixed(2)} | ${range} |`;
  });
  return ['| copy | of | score over honest | range |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function percent({ value, low, high }: Interval): string {
  const text = (share: number): string => (100 * share).toFixed(share > 0 && share < 0.1 ? 1 : 0);
  if (low === high) return `${text(value)} %`;
  return `${text(value)} % (${text(low)} to ${text(high)})`;
}

function span({ value, low, high }: Interval, digits: number): string {
  return `${value.toFixed(digits)} (${low.toFixed(digits)} to ${high.toFixed(digits)})`;
}
