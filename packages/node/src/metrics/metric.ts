import {
  Counter as PromCounter,
  Gauge as PromGauge,
  Histogram as PromHistogram,
  Registry,
} from 'prom-client';

/** The metrics of one process, or of one role in a process that runs several. Nothing is registered globally. */
export { Registry as MetricsRegistry } from 'prom-client';

type Described<Kind extends string, Label extends string> = {
  readonly kind: Kind;
  /** As Prometheus sees it: snake_case, a role's or `connito_` in front, the unit at the end. */
  readonly name: string;
  /** One sentence, with the unit where the name has none. */
  readonly help: string;
  readonly labels: readonly Label[];
};
export type CounterDeclaration<Label extends string = string> = Described<'counter', Label>;
export type GaugeDeclaration<Label extends string = string> = Described<'gauge', Label>;
export type HistogramDeclaration<Label extends string = string> = Described<'histogram', Label> & {
  /** Upper bounds, ascending. */
  readonly buckets: readonly number[];
};
export type MetricDeclaration<Label extends string = string> =
  | CounterDeclaration<Label>
  | GaugeDeclaration<Label>
  | HistogramDeclaration<Label>;
export type MetricDeclarations = Readonly<Record<string, MetricDeclaration>>;

/** Declares something that only grows while the process lives. */
export function counter<const Label extends string = never>(
  name: string,
  help: string,
  labels: readonly Label[] = [],
): CounterDeclaration<Label> {
  return { kind: 'counter', name, help, labels };
}

/** Declares something that has a value now. */
export function gauge<const Label extends string = never>(
  name: string,
  help: string,
  labels: readonly Label[] = [],
): GaugeDeclaration<Label> {
  return { kind: 'gauge', name, help, labels };
}

/** From an HTTP request on loopback to a round on a slow machine. */
const SECONDS_BUCKETS = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 180, 600];

/** Declares durations in seconds, counted by size. */
export function secondsHistogram<const Label extends string = never>(
  name: string,
  help: string,
  labels: readonly Label[] = [],
): HistogramDeclaration<Label> {
  return { kind: 'histogram', name, help, labels, buckets: SECONDS_BUCKETS };
}

type Labels<Label extends string> = Readonly<Record<Label, string | number>>;
/** Every label must be given, and none where none is declared. */
type Arguments<Label extends string, Values extends readonly unknown[]> = [Label] extends [never]
  ? Values
  : [labels: Labels<Label>, ...values: Values];

export interface Counter<Label extends string = never> {
  inc(...args: Arguments<Label, [by?: number]>): void;
}
export interface Gauge<Label extends string = never> {
  set(...args: Arguments<Label, [value: number]>): void;
  /** Forgets all values, so that labels which no longer apply are not reported for ever. */
  reset(): void;
}
export interface Histogram<Label extends string = never> {
  observe(...args: Arguments<Label, [value: number]>): void;
}

type Recorder<Declaration> =
  Declaration extends CounterDeclaration<infer Label>
    ? Counter<Label>
    : Declaration extends GaugeDeclaration<infer Label>
      ? Gauge<Label>
      : Declaration extends HistogramDeclaration<infer Label>
        ? Histogram<Label>
        : never;

/** What declared metrics are recorded with, by the declaration's key. */
export type Metrics<Declarations> = { readonly [Key in keyof Declarations]: Recorder<Declarations[Key]> };

/** Brings metrics up to date when they are asked for. One that throws leaves its metric as it was. */
export type Collectors<Declarations> = {
  readonly [Key in keyof Declarations]?: (recorder: Recorder<Declarations[Key]>) => void | Promise<void>;
};

/** Registers declared metrics. Throws where the registry has one of the names already. */
export function createMetrics<const Declarations extends MetricDeclarations>(
  declarations: Declarations,
  registry: Registry = new Registry(),
  collectors: Collectors<Declarations> = {},
): Metrics<Declarations> {
  const recorders = Object.entries(declarations).map(([key, declaration]) => {
    const collector = collectors[key] as ((recorder: unknown) => void | Promise<void>) | undefined;
    return [key, register(declaration, registry, collector)] as const;
  });
  return Object.fromEntries(recorders) as Metrics<Declarations>;
}

function register(
  declaration: MetricDeclaration,
  registry: Registry,
  collector: ((recorder: unknown) => void | Promise<void>) | undefined,
): unknown {
  const { name, help, labels } = declaration;
  // A failed collection must not take the other metrics of the answer along.
  const collect = async function (this: unknown): Promise<void> {
    try {
      await collector?.(this);
    } catch {}
  };
  const settings = {
    name,
    help,
    labelNames: labels,
    registers: [registry],
    ...(collector === undefined ? {} : { collect }),
  };
  switch (declaration.kind) {
    case 'counter':
      return new PromCounter(settings);
    case 'gauge': {
      const recorder = new PromGauge(settings);
      // Nobody has measured a zero yet; a gauge without labels would say so.
      if (labels.length === 0) recorder.remove();
      return recorder;
    }
    case 'histogram':
      return new PromHistogram({ ...settings, buckets: [...declaration.buckets] });
  }
}
