import type { Draw, FalseRewards, Rate } from './calibration.ts';
import { rateOf, SIZES } from './calibration.ts';
import type { MemoriserResult } from './memoriser.ts';
import type { Paid } from './power.ts';
import { KINDS } from './updates.ts';

export type CalibrationResult = {
  readonly date: string;
  readonly command: string;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly node: string };
  readonly stated: number;
  readonly domainSequences: number;
  readonly trials: number;
  readonly updates: number;
  readonly pools: Readonly<Record<string, number>>;
  readonly falseRewards: readonly FalseRewards[];
  readonly zeroGain: readonly Paid[];
  readonly paid: readonly Paid[];
  readonly detectable: readonly {
    readonly domain: string;
    readonly round: number;
    readonly gains: Readonly<Record<number, number>>;
  }[];
  readonly memorisers: readonly MemoriserResult[];
};

const percent = (value: number, digits = 1): string => (100 * value).toFixed(digits);
const milli = (nanoNats: number): string => (nanoNats / 1e6).toFixed(2);

export function markdown(result: CalibrationResult, shipped: string): string {
  const { machine, falseRewards, stated, domainSequences } = result;
  return `# Proof-of-Loss: false rewards and power, ${result.date}

\`${result.command}\` on ${machine.cores} cores (${machine.cpu}), Node ${machine.node}.
${result.updates} real updates of the shipped foundation, each measured on up to 256 documents of its domain's held-out pool (${poolText(result)}); ${result.trials} resamples for each update, size and way of drawing. The stated rate is ${percent(stated, 0)} %.

"Texts" draws with replacement, as from an endless supply of such texts. "Pool" draws without, as the protocol does; what is drawn is then a large part of the measured documents, which makes every rate smaller. The wider claim is "texts".

## False-reward rate of each bound

Differences recentred to a mean of exactly zero. In each cell: mean over all updates, then the worst single update, in percent.

${boundTable(falseRewards, 'texts')}

The same in draws from the pool:

${boundTable(falseRewards, 'pool')}

Bootstrap-t has 1000 resamples of its own for each update, and sizes up to 32, since it costs hundreds of times as much.

## By kind of update, as shipped, ${domainSequences} sequences

${kindTable(falseRewards, shipped, domainSequences)}

## The whole rule on updates of no gain

Draws from the pool scored as a validator does: early stops, charge for general loss, everything. All validators draw the same sequences, so their median is one look, not several.

${zeroGainTable(result)}

## Honest miners

Real gains, not recentred; the default budget and the default ${domainSequences} sequences. The last column is the mean score over all draws, zeros included.

${powerTable(result.paid)}

Gain that is rewarded in four of five exams, millinats per token, by the number of domain sequences; the spread is that of the honest update of that round:

${detectableTable(result)}

## A miner that trains on the public pool

Mean loss reduction in millinats per token (standard error), honest miner and memoriser with the same steps. The state is that after eight honest rounds.

${memoriserTable(result.memorisers)}
`;
}

function poolText({ pools }: CalibrationResult): string {
  return Object.entries(pools)
    .map(([id, documents]) => `${id} ${documents}`)
    .join(', ');
}

function boundTable(results: readonly FalseRewards[], draw: Draw): string {
  const bounds = [...new Set(results.map(({ bound }) => bound))];
  const rows = bounds.map((bound) => {
    const cells = SIZES.map((n) => {
      const own = results.filter((r) => r.bound === bound && r.n === n && r.draw === draw);
      if (own.length === 0) return '';
      const worst = Math.max(...own.map(({ rewarded, trials }) => rewarded / trials));
      return `${percent(rateOf(own).rate)} / ${percent(worst)}`;
    });
    return `| ${bound} | ${cells.join(' | ')} |`;
  });
  return `| bound | ${SIZES.map((n) => `n = ${n}`).join(' | ')} |\n| --- |${' --- |'.repeat(SIZES.length)}\n${rows.join('\n')}`;
}

function kindTable(results: readonly FalseRewards[], bound: string, n: number): string {
  const own = (draw: Draw, kind?: string): FalseRewards[] =>
    results.filter(
      (r) => r.bound === bound && r.n === n && r.draw === draw && (kind === undefined || r.kind === kind),
    );
  const cell = (found: readonly FalseRewards[]): string => {
    const worst = found.reduce((a, b) => (b.rewarded / b.trials > a.rewarded / a.trials ? b : a));
    return `${rateText(rateOf(found))} | ${rateText(rateOf([worst]))}`;
  };
  const rows = [undefined, ...KINDS].map(
    (kind) => `| ${kind ?? 'all'} | ${cell(own('texts', kind))} | ${cell(own('pool', kind))} |`,
  );
  return `Percent with 95 % binomial intervals (Wilson); resamples of one update share its documents, so the interval is of this collection of updates and not of all that could be made.

| kind | texts, mean | texts, worst update | pool, mean | pool, worst update |
| --- | --- | --- | --- | --- |
${rows.join('\n')}`;
}

function rateText({ rate, interval }: Rate): string {
  return `${percent(rate, 2)} (${percent(interval[0], 2)}–${percent(interval[1], 2)})`;
}

function zeroGainTable({ zeroGain }: CalibrationResult): string {
  const rows = KINDS.map((kind) => {
    const own = zeroGain.filter((paid) => paid.kind === kind);
    const of = (pick: (paid: Paid) => Rate): string => rateText(rateOf(own.map(pick)));
    const worst = Math.max(...own.map(({ rewarded }) => rewarded.rate));
    const score = own.reduce((sum, { meanScore }) => sum + meanScore, 0) / own.length;
    return `| ${kind} | ${of(({ rewarded }) => rewarded)} | ${percent(worst, 2)} | ${of(({ unstopped }) => unstopped)} | ${of(({ stopped }) => stopped)} | ${milli(score)} |`;
  });
  return `| kind, recentred | rewarded, % | worst update | without early stops | stopped early, % | mean score, millinats |
| --- | --- | --- | --- | --- | --- |
${rows.join('\n')}`;
}

function powerTable(paid: readonly Paid[]): string {
  return `| domain | round | update | gain, millinats | rewarded, % | stopped early, % | mean score |
| --- | --- | --- | --- | --- | --- | --- |
${paid
  .map(
    ({ domain, round, kind, gain, rewarded, stopped, meanScore }) =>
      `| ${domain} | ${round} | ${kind} | ${milli(gain)} | ${percent(rewarded.rate)} | ${percent(stopped.rate)} | ${milli(meanScore)} |`,
  )
  .join('\n')}`;
}

function detectableTable({ detectable }: CalibrationResult): string {
  const sizes = Object.keys(detectable[0]!.gains).map(Number);
  return `| domain | round | ${sizes.map((n) => `n = ${n}`).join(' | ')} |
| --- | --- |${' --- |'.repeat(sizes.length)}
${detectable
  .map(
    ({ domain, round, gains }) =>
      `| ${domain} | ${round} | ${sizes.map((n) => milli(gains[n]!)).join(' | ')} |`,
  )
  .join('\n')}`;
}

function memoriserTable(results: readonly MemoriserResult[]): string {
  const nats = (value: number): string => (1000 * value).toFixed(1);
  const rows = results.flatMap(({ domain, steps, rate, pool, honest, memoriser }) =>
    Object.keys(honest).map((set) => {
      const a = honest[set]!;
      const b = memoriser[set]!;
      const budget = `${steps}${rate === 1 ? '' : `, ${rate} × rate`}`;
      return `| ${domain} | ${pool} | ${budget} | ${set} | ${nats(a.mean)} (${nats(a.standardError)}) | ${nats(b.mean)} (${nats(b.standardError)}) | ${(b.mean / a.mean).toFixed(2)} |`;
    }),
  );
  return `| domain | pool | steps | measured on | honest | memoriser | ratio |
| --- | --- | --- | --- | --- | --- | --- |
${rows.join('\n')}`;
}
