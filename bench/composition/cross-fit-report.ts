import type { Machine } from '../support/machine.ts';

/** One document's losses in nats per token: of the base, its domain's specialist, the rows' start, and the refined composition. */
export type MeasuredDocument = {
  readonly domain: string;
  readonly fold: number;
  readonly cluster: string;
  readonly base: number;
  readonly alone: number;
  readonly start: number;
  readonly composed: number;
};

export type CrossFit = {
  readonly folds: number;
  readonly steps: number;
  readonly refinements: readonly {
    readonly fold: number;
    readonly step: number;
    readonly checks: readonly { readonly step: number; readonly shares: Readonly<Record<string, number>> }[];
  }[];
  readonly measured: readonly MeasuredDocument[];
};

export type Estimate = { readonly value: number; readonly standardError: number };

/**
 * Σ numerator / Σ denominator, with the standard error of a ratio of sums over clusters (linearised), since documents of one
 * cluster are alike.
 */
export function ratioOverClusters(
  documents: readonly MeasuredDocument[],
  numerator: (one: MeasuredDocument) => number,
  denominator: (one: MeasuredDocument) => number,
): Estimate {
  const sum = (of: readonly MeasuredDocument[], value: (one: MeasuredDocument) => number): number =>
    of.reduce((total, one) => total + value(one), 0);
  const whole = sum(documents, denominator);
  const value = sum(documents, numerator) / whole;
  const clusters = [...Map.groupBy(documents, ({ cluster }) => cluster).values()];
  const squares = clusters
    .map((own) => sum(own, (one) => numerator(one) - value * denominator(one)) ** 2)
    .reduce((total, square) => total + square, 0);
  const { length: count } = clusters;
  return { value, standardError: Math.sqrt((squares * count) / (count - 1)) / whole };
}

export type CrossFitAbout = {
  readonly date: string;
  readonly machine: Machine;
  readonly cpuSeconds: number;
  readonly refinement: { readonly sequences: number; readonly learningRate: number };
  /** Of the specialists' trainings. */
  readonly series: readonly number[];
};

/** A row for each text: what its specialist gains, and what is kept of it before and after refinement, over all folds and in each. */
export function crossFitTable({ measured }: CrossFit): string {
  const header = [
    'text',
    'documents',
    'clusters',
    'gain of the specialist',
    'before refinement',
    'refined',
    'refined, each fold',
  ];
  const rows = [...Map.groupBy(measured, ({ domain }) => domain)].map(([domain, documents]) => {
    const gain = ratioOverClusters(
      documents,
      ({ base, alone }) => base - alone,
      () => 1,
    );
    const keptIn = (part: readonly MeasuredDocument[], model: 'start' | 'composed'): string =>
      gain.value === 0
        ? percent(
            ratioOverClusters(
              part,
              (one) => one[model] - one.base,
              ({ base }) => base,
            ),
            2,
          )
        : percent(
            ratioOverClusters(
              part,
              (one) => one.base - one[model],
              ({ base, alone }) => base - alone,
            ),
            1,
          );
    const folds = [...Map.groupBy(documents, ({ fold }) => fold).values()];
    const clusters = new Set(documents.map(({ cluster }) => cluster)).size;
    const cells = [
      gain.value === 0 ? `${domain} (general: rise of its loss)` : domain,
      documents.length,
      clusters,
      gain.value === 0 ? '' : `${gain.value.toFixed(3)} ± ${gain.standardError.toFixed(3)}`,
      keptIn(documents, 'start'),
      `**${keptIn(documents, 'composed')}**`,
      folds.map((part) => keptIn(part, 'composed')).join('; '),
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return [`| ${header.join(' | ')} |`, `|${header.map(() => ' --- |').join('')}`, ...rows].join('\n');
}

export function crossFitReport(
  crossFit: CrossFit,
  { date, machine, cpuSeconds, refinement, series }: CrossFitAbout,
): string {
  const { folds, steps, refinements } = crossFit;
  const worst = (shares: Readonly<Record<string, number>>): string =>
    Math.max(...Object.values(shares)).toFixed(2);
  const chosen = refinements.map(
    ({ fold, step, checks }) =>
      `| ${fold + 1} | ${step} | ${checks.map((check) => `step ${check.step} ${worst(check.shares)}`).join(', ')} |`,
  );
  return `# What compositions keep on all unseen text, ${date.slice(0, 10)}

\`npx node bench/composition/cross-fit.ts\` on ${machine.cores} cores (${machine.cpu}), ${machine.memoryGiB} GiB, Node ${machine.node}; ${(cpuSeconds / 60).toFixed(0)} CPU-minutes.

The specialists of [bench/composition](../README.md#composition), trained with \`--series ${series.join(', ')}\`. No specialist was trained on held-out or reporting text; both together
are cut into ${folds} folds, clusters of documents whole. For each fold the rows are refined (${steps} steps, ${refinement.sequences} sequences of each kind, rate ${refinement.learningRate}) and their
step chosen as \`connito compose\` does it, on training text and the other folds, and every model is measured on the fold: at most 8 documents of a cluster and
240 of a kind, the first 128 tokens of each. No document is measured by a model that was fitted to it or to its cluster.

Share of the specialist's own gain that is kept, ± its standard error over clusters (ratio of sums, linearised), since documents of one cluster
are alike.

${crossFitTable(crossFit)}

Steps were chosen by the worst text's use of its allowance, on half of the other folds:

| fold | step chosen | worst text's use |
| --- | --- | --- |
${chosen.join('\n')}
`;
}

function percent({ value, standardError }: Estimate, digits: number): string {
  return `${(100 * value).toFixed(digits)} % ± ${(100 * standardError).toFixed(digits)}`;
}
