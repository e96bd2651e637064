import { DECLARED_METRICS } from './declared-metrics.ts';

const HEADER = `# Metrics

This page is for anybody who writes a query or a panel. It is written from the declarations in each role's
\`metrics.ts\` by \`npm run docs:metrics\`. How to scrape them, and what to do when an alert fires:
[operating](operating.md).

Prometheus adds \`network\`, \`role\` and \`node\` to each of them from the targets file. Losses and scores are in nats per
token. Histograms have \`_bucket\`, \`_sum\` and \`_count\`.
`;

/** The reference page of all metrics, as Markdown. */
export function metricsReference(): string {
  const sections = DECLARED_METRICS.map(({ title, servedBy, metrics }) => {
    const rows = Object.values(metrics).map(({ name, kind, labels, help }) => {
      const braces = labels.length === 0 ? '' : `{${labels.join(', ')}}`;
      return `| \`${name}${braces}\` | ${kind} | ${help.replaceAll('|', '\\|')} |`;
    });
    const head = ['| metric | kind | meaning |', '| --- | --- | --- |'];
    return [`## ${title}`, '', `Served by ${servedBy}.`, '', ...head, ...rows, ''].join('\n');
  });
  return [HEADER, ...sections].join('\n');
}
