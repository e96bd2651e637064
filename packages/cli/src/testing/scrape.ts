/** What one process said of itself, by series as Prometheus writes it: `name{label="value"}`. */
export type Scrape = ReadonlyMap<string, number>;

/** Reads a metrics endpoint. */
export async function scrape(url: string): Promise<Scrape> {
  const answer = await fetch(url);
  if (answer.status !== 200) throw new Error(`${url} answered ${answer.status}`);
  return parseMetrics(await answer.text());
}

/** Series and values of the text format; samples without a time, as this project writes them. */
function parseMetrics(text: string): Scrape {
  const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    samples.map((line) => {
      const end = line.lastIndexOf(' ');
      return [line.slice(0, end), Number(line.slice(end + 1))];
    }),
  );
}

/** The sum of a metric's series whose labels contain all of `labels`, each written `label="value"`. */
export function sumOf(metrics: Scrape, name: string, ...labels: readonly string[]): number {
  const series = [...metrics].filter(
    ([key]) => (key === name || key.startsWith(`${name}{`)) && labels.every((label) => key.includes(label)),
  );
  return series.reduce((sum, [, value]) => sum + value, 0);
}
