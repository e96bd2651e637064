import { readFile } from 'node:fs/promises';
import { REASONS } from '@connito/protocol';
import { describe, expect, test } from 'vitest';
import { queryMetrics } from '../testing/query-metrics.ts';
import { declaredMetrics } from './declared-metrics.ts';
import { metricsReference } from './metrics-reference.ts';

const ROOT = new URL('../../../../', import.meta.url);
const read = (path: string): Promise<string> => readFile(new URL(path, ROOT), 'utf8');

/** Labels that the targets file or Prometheus itself adds; no metric may have one of its own. */
const TARGET_LABELS = ['network', 'role', 'node', 'job', 'instance'];
const PREFIXES = ['connito', 'ledger', 'store', 'miner', 'validator', 'observer', 'moe', 'process'];
/** Made by Prometheus itself. */
const OWN = new Map<string, readonly string[]>([
  ['up', []],
  ['ALERTS', ['alertname', 'alertstate', 'severity']],
]);

/** Names that can be queried, with their labels. */
const KNOWN = new Map<string, readonly string[]>([
  ...OWN,
  ...declaredMetrics().flatMap(({ kind, name, labels }): [string, readonly string[]][] =>
    kind === 'histogram'
      ? [
          [`${name}_bucket`, [...labels, 'le']],
          [`${name}_sum`, labels],
          [`${name}_count`, labels],
        ]
      : [[name, labels]],
  ),
]);

/** What is wrong with a query: unknown metrics, and labels that none of its metrics has. */
function faultsOf(expression: string): string[] {
  const { selected, grouped } = queryMetrics(expression);
  const labelsOf = (name: string) => [...(KNOWN.get(name) ?? []), ...TARGET_LABELS];
  const all = selected.flatMap(({ name }) => labelsOf(name));
  return [
    ...(selected.length === 0 ? ['reads no metric'] : []),
    ...selected.filter(({ name }) => !KNOWN.has(name)).map(({ name }) => `no metric ${name}`),
    ...selected.flatMap(({ name, labels }) =>
      labels.filter((label) => !labelsOf(name).includes(label)).map((label) => `${name} has no ${label}`),
    ),
    ...grouped.filter((label) => !all.includes(label)).map((label) => `grouped by ${label}, which none has`),
  ];
}

type Alert = { readonly name: string; readonly expression: string };

/** The rules of a file in the shape that this repository writes them. */
function alertsIn(yaml: string): Alert[] {
  return yaml
    .split(/^ {6}- alert: /m)
    .slice(1)
    .map((rule) => {
      const folded = /^ {8}expr: >-\n((?: {10}.*\n)+)/m.exec(rule)?.[1];
      const expression = folded ?? /^ {8}expr: (.*)$/m.exec(rule)?.[1] ?? '';
      return { name: /^\w+/.exec(rule)![0], expression };
    });
}

describe('declared metrics', () => {
  test.each(declaredMetrics())('$name is named by the conventions', ({ name, kind, help, labels }) => {
    expect(name).toMatch(/^[a-z][a-z0-9]*(_[a-z0-9]+)+$/);
    expect(PREFIXES).toContain(name.split('_')[0]);
    expect(name.endsWith('_total')).toBe(kind === 'counter');
    if (kind === 'histogram') expect(name).toMatch(/_seconds$/);
    expect(help).toMatch(/^[A-Z].*\.$|^1 .*\.$/);
    for (const label of labels) expect(label).toMatch(/^[a-z][a-z_]*$/);
    expect(labels.filter((label) => [...TARGET_LABELS, 'le', 'quantile'].includes(label))).toEqual([]);
  });

  test('no name is declared twice', () => {
    const names = declaredMetrics().map(({ name }) => name);
    expect(names.length).toBe(new Set(names).size);
  });

  test('the names users know are there, with their labels', () => {
    const anchors = {
      miner_training_loss: [],
      miner_tokens_per_sec: [],
      validator_miner_score: ['miner_uid'],
      moe_expert_load: ['layer_idx', 'expert_idx'],
    };
    for (const [name, labels] of Object.entries(anchors)) expect(KNOWN.get(name), name).toEqual(labels);
    expect(KNOWN.has('validator_eval_latency_seconds_bucket')).toBe(true);
  });

  test('the page of metrics says what is declared; `npm run docs:metrics` writes it anew', async () => {
    expect(await read('docs/run/metrics.md')).toBe(metricsReference());
  });
});

describe('the Grafana dashboard', () => {
  test('every query reads metrics and labels that exist', async () => {
    const { panels } = JSON.parse(await read('observability/grafana-dashboard.json')) as {
      panels: { title: string; targets?: { expr: string }[] }[];
    };
    const queries = panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })));
    expect(queries.length).toBeGreaterThan(40);
    expect(queries.flatMap(({ title, expr }) => faultsOf(expr).map((fault) => `${title}: ${fault}`))).toEqual(
      [],
    );
  });
});

describe('the alerts', () => {
  test('every rule reads metrics and labels that exist', async () => {
    const alerts = alertsIn(await read('observability/alerts.yml'));
    expect(alerts.length).toBeGreaterThan(10);
    expect(
      alerts.flatMap(({ name, expression }) => faultsOf(expression).map((fault) => `${name}: ${fault}`)),
    ).toEqual([]);
  });

  test('each has its section in the runbook, and no section is of an alert that is gone', async () => {
    const names = alertsIn(await read('observability/alerts.yml')).map(({ name }) => name);
    const sections = [...(await read('docs/run/operating.md')).matchAll(/^### (Connito\w+)$/gm)].map(
      ([, name]) => name,
    );
    expect(sections.sort()).toEqual(names.sort());
  });
});

test('every metric a page of docs/run names exists', async () => {
  for (const page of ['operating.md', 'metrics.md', 'local-network.md']) {
    const quoted = [...(await read(`docs/run/${page}`)).matchAll(/`([^`\n]+)`/g)].map(([, code]) => code!);
    const isMetric = new RegExp(`^(${PREFIXES.join('|')})_[a-z0-9_]+(\\{.*\\})?$`);
    const names = quoted.filter((code) => isMetric.test(code)).map((code) => code.split('{')[0]!);
    const named = new Set([...KNOWN.keys(), ...declaredMetrics().map(({ name }) => name)]);
    // A reason may read like a metric.
    expect(
      names.filter((name) => !named.has(name) && !(name in REASONS)),
      page,
    ).toEqual([]);
  }
});

describe('reading queries', () => {
  test('finds metrics, matchers and groupings, and nothing else', () => {
    const query =
      'sum by (le, role) (rate(a_bucket{role="x(y)",le!="1"}[5m])) / on (node) group_left () b > bool 2 or topk(3, c_total offset 5m)';
    expect(queryMetrics(query)).toEqual({
      selected: [
        { name: 'a_bucket', labels: ['role', 'le'] },
        { name: 'b', labels: [] },
        { name: 'c_total', labels: [] },
      ],
      grouped: ['le', 'role', 'node'],
    });
  });

  test('a misspelt metric, matcher or grouping is found', () => {
    expect(faultsOf('miner_training_los')).toEqual(['no metric miner_training_los']);
    expect(faultsOf('validator_miner_score{uid="1"}')).toEqual(['validator_miner_score has no uid']);
    expect(faultsOf('sum by (uid) (validator_miner_score)')).toEqual(['grouped by uid, which none has']);
  });
});
