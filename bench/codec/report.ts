import type { Machine } from '../support/machine.ts';
import { median } from '../support/statistics.ts';
import type { Training } from './simulate.ts';
import { BEST_RATE, CHUNK, type Variant } from './variants.ts';

export type CodecResult = {
  readonly benchmark: 'codec';
  readonly date: string;
  readonly machine: Machine;
  readonly domain: string;
  readonly miners: number;
  readonly variants: readonly Variant[];
  readonly trainings: readonly Training[];
};

/** Rounds that stand in tables. */
export const SHOWN_ROUNDS = [3, 6, 10, 30, 100] as const;
/** Two-sided 95 % quantile of Student's t with four degrees of freedom. */
const T_FOUR_DEGREES = 2.776;
/** As many as the variants in question have, and the quantile is for. */
const SEEDS = 5;
/** Times fewer bytes than fp16 that are aimed at. */
const TARGET = 70;
const BASELINE = 'fp32';

/** Mean held-out loss of a training after some rounds, nats per token. */
export function lossAfter({ measurements }: Training, round: number): number {
  const { losses } = measurements.find((measurement) => measurement.round === round)!;
  return mean(losses);
}

/** How many times fewer bytes than fp16 a training sent. */
export function timesFewerThanFp16(training: Training, { trainings }: CodecResult): number {
  const dense = trainings.find(({ variant }) => variant === BASELINE)!;
  return dense.bytesPerMinerAndRound / 2 / training.bytesPerMinerAndRound;
}

/** The uncompressed training with the same data and the same learning rate. */
export function partnerOf(training: Training, result: CodecResult): Training | undefined {
  const { learningRate } = result.variants.find(({ name }) => name === training.variant)!;
  const dense = result.variants.find(
    (variant) => variant.codec === null && variant.learningRate === learningRate,
  );
  return result.trainings.find(({ variant, seed }) => variant === dense?.name && seed === training.seed);
}

export function markdown(result: CodecResult): string {
  const { date, machine, domain, miners, trainings } = result;
  const cpuMinutes = trainings.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0) / 60;
  return `# Sparse and quantised updates, ${date.slice(0, 10)}

\`npx node bench/codec/run.ts\` on ${machine.cores} cores (${machine.cpu}), ${machine.memoryGiB} GiB, Node ${machine.node};
one engine thread, ${cpuMinutes.toFixed(0)} CPU-minutes in all, on a machine that did other work too.

## Method

The shipped foundation, one expert group (a quarter of the experts of each layer of the upper half) and the texts of \`${domain}\`,
which ${miners} miners share anew in every round. A round is the real thing but for ledger and scoring: 5 inner AdamW steps of each
miner, error feedback, encoding, decoding, \`mergeDelta\` with equal scores and \`outerStep\` with the full step, with the local
network's parameters. Inner batches are a quarter of the local network's (4 × 64 tokens), so that a training takes a minute. Every update is merged; what
a rejection does to the residual is not part of this. Loss is the mean of 96 held-out sequences of 64 tokens.

The data of a round depends on seed, round and miner only: trainings of one seed are pairs, and differences are taken within
them. *Noise* is the standard deviation of the uncompressed loss between five seeds, which is what another order of the data
alone does.

The inner learning rate is ${BEST_RATE}, with which *uncompressed* training ends lowest of the rates in the last table. At the local network's own rate it is far from its end after 100
rounds, and then any update that arrives a few rounds later looks worse than it is.

\`top-k, b bits\` sends at most k of each ${CHUNK} values, with b bits each, and carries the whole residual to the next round
unless the table says otherwise. Bytes are those of a bundle; fp16 is 2 bytes a value.

## The question

${verdict(result)}

## All variants

Loss in nats per token after so many rounds; with several seeds the mean of them.

${lossTable(result)}

![Loss after 100 rounds against bytes](${date.slice(0, 10)}-codec.svg)

## Differences from uncompressed

Millinats per token after so many rounds, of the same seed and learning rate; positive is worse. With five seeds, the mean and
its 95 % interval by Student's t. *Carried* is the norm of what the first miner carries after round 100, over that of its
delta.

${differenceTable(result)}

## Learning rates

${rateTable(result)}
`;
}

function verdict(result: CodecResult): string {
  const noise = new Map(SHOWN_ROUNDS.map((round) => [round, noiseAfter(result, round)] as const));
  const compared = result.variants.filter(
    ({ codec, seeds, learningRate }) => codec !== null && seeds.length > 1 && learningRate === BEST_RATE,
  );
  const lines = compared.flatMap((variant) => {
    const trainings = trainingsOf(result, variant);
    if (trainings.length < variant.seeds.length) return [];
    const times = timesFewerThanFp16(trainings[0]!, result);
    const last = mean(differences(result, variant, 100));
    const sd = noise.get(100)!;
    const isWithin = last <= sd;
    return [
      `- **${variant.name}**: 1/${times.toFixed(1)} of the fp16 bytes (${times >= TARGET ? 'meets' : 'misses'} 1/${TARGET}); after 100 rounds ${signed(1000 * last)} mnat from uncompressed, noise ${(1000 * sd).toFixed(1)} mnat: ${isWithin ? '**within noise**' : '**not within noise**'}.`,
    ];
  });
  const table = [
    `| noise after rounds | ${SHOWN_ROUNDS.join(' | ')} |`,
    `| --- |${SHOWN_ROUNDS.map(() => ' --- |').join('')}`,
    `| mnat | ${SHOWN_ROUNDS.map((round) => (1000 * noise.get(round)!).toFixed(1)).join(' | ')} |`,
  ];
  const question = `At most 1/${TARGET} of the fp16 bytes, with a final loss within noise of uncompressed?`;
  return [question, '', ...lines, '', ...table].join('\n');
}

function lossTable(result: CodecResult): string {
  const rows = result.variants
    .filter(({ learningRate }) => learningRate === BEST_RATE)
    .flatMap((variant) => {
      const trainings = trainingsOf(result, variant);
      if (trainings.length === 0) return [];
      const { bytesPerMinerAndRound: bytes } = trainings[0]!;
      const losses = SHOWN_ROUNDS.map((round) =>
        mean(trainings.map((one) => lossAfter(one, round))).toFixed(4),
      );
      const times = timesFewerThanFp16(trainings[0]!, result).toFixed(1);
      return [`| ${[variant.name, trainings.length, bytes, times, ...losses].join(' | ')} |`];
    });
  const header = ['variant', 'seeds', 'bytes', 'times fewer than fp16', ...SHOWN_ROUNDS];
  return [`| ${header.join(' | ')} |`, `|${header.map(() => ' --- |').join('')}`, ...rows].join('\n');
}

function differenceTable(result: CodecResult): string {
  const rows = result.variants
    .filter(({ codec }) => codec !== null)
    .flatMap((variant) => {
      const trainings = trainingsOf(result, variant);
      if (trainings.length === 0) return [];
      const cells = SHOWN_ROUNDS.map((round) => interval(differences(result, variant, round)));
      const carried = median(trainings.map(({ carriedRatios }) => carriedRatios.at(-1)!)).toFixed(1);
      return [`| ${[variant.name, ...cells, carried].join(' | ')} |`];
    });
  const header = ['variant', ...SHOWN_ROUNDS, 'carried'];
  return [`| ${header.join(' | ')} |`, `|${header.map(() => ' --- |').join('')}`, ...rows].join('\n');
}

function rateTable(result: CodecResult): string {
  const rows = result.variants
    .filter(({ codec }) => codec === null)
    .sort((a, b) => a.learningRate - b.learningRate)
    .flatMap((variant) => {
      const first = trainingsOf(result, variant)[0];
      if (first === undefined) return [];
      const losses = SHOWN_ROUNDS.map((round) => lossAfter(first, round).toFixed(4));
      return [`| ${[variant.learningRate, ...losses].join(' | ')} |`];
    });
  const header = ['inner learning rate, uncompressed, seed 1', ...SHOWN_ROUNDS];
  return [`| ${header.join(' | ')} |`, `|${header.map(() => ' --- |').join('')}`, ...rows].join('\n');
}

function trainingsOf(result: CodecResult, { name }: Variant): Training[] {
  return result.trainings.filter(({ variant }) => variant === name);
}

/** Loss minus that of uncompressed training, for each seed. */
function differences(result: CodecResult, variant: Variant, round: number): number[] {
  return trainingsOf(result, variant).flatMap((training) => {
    const partner = partnerOf(training, result);
    return partner === undefined ? [] : [lossAfter(training, round) - lossAfter(partner, round)];
  });
}

function noiseAfter(result: CodecResult, round: number): number {
  const dense = result.trainings.filter(({ variant }) => variant === BASELINE);
  return deviation(dense.map((training) => lossAfter(training, round)));
}

function interval(values: readonly number[]): string {
  const centre = signed(1000 * mean(values));
  if (values.length !== SEEDS) return centre;
  const half = (T_FOUR_DEGREES * deviation(values)) / Math.sqrt(SEEDS);
  return `${centre} (${signed(1000 * (mean(values) - half))} to ${signed(1000 * (mean(values) + half))})`;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function deviation(values: readonly number[]): number {
  const centre = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1));
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(1)}`;
}
