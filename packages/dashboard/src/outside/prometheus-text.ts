/** One sample of Prometheus' text format. */
export type Sample = {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
};

const LINE = /^([A-Za-z_:][\w:]*)(?:\{(.*)\})? (\S+)(?: -?\d+)?$/;
const LABEL = /([A-Za-z_]\w*)="((?:[^"\\]|\\.)*)",?/g;
const MAX_SAMPLES = 100_000;

/** The samples of a scrape; lines of anything else are passed over. */
export function readSamples(text: string): Sample[] {
  const samples: Sample[] = [];
  for (const line of text.split('\n')) {
    const match = line.startsWith('#') ? null : LINE.exec(line);
    if (match === null || samples.length >= MAX_SAMPLES) continue;
    const [, name, labels = '', value] = match;
    samples.push({
      name: name!,
      labels: new Map([...labels.matchAll(LABEL)].map(([, key, text]) => [key!, unescaped(text!)])),
      value: numberOf(value!),
    });
  }
  return samples;
}

function unescaped(text: string): string {
  return text.replaceAll(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character));
}

function numberOf(text: string): number {
  return text === '+Inf' ? Infinity : text === '-Inf' ? -Infinity : Number(text);
}

/** The sum of a metric's samples that have all of these labels. */
export function sumOf(
  samples: readonly Sample[],
  name: string,
  labels: Readonly<Record<string, string>>,
): number {
  return withLabels(samples, name, labels).reduce((sum, { value }) => sum + value, 0);
}

export function withLabels(
  samples: readonly Sample[],
  name: string,
  labels: Readonly<Record<string, string>>,
): Sample[] {
  return samples.filter(
    (sample) =>
      sample.name === name &&
      Object.entries(labels).every(([key, value]) => sample.labels.get(key) === value),
  );
}

/** What a histogram tells of a quantile: the bound of the bucket it lies in, null where that is open or nothing was seen. */
export function quantileBound(
  samples: readonly Sample[],
  name: string,
  labels: Readonly<Record<string, string>>,
  quantile: number,
): number | null {
  const buckets = withLabels(samples, `${name}_bucket`, labels)
    .map(({ labels: own, value }) => ({ bound: numberOf(own.get('le') ?? ''), value }))
    .sort((a, b) => a.bound - b.bound);
  const count = buckets.at(-1)?.value ?? 0;
  if (count === 0) return null;
  const bound = buckets.find(({ value }) => value >= quantile * count)?.bound ?? Infinity;
  return Number.isFinite(bound) ? bound : null;
}
