import { readBounded, statedLength } from '@connito/node';
import { z } from 'zod';
import type { ServingFacts } from '../api/schemas/serving.ts';
import { dashboardError } from '../errors.ts';
import type { Source } from './polled.ts';
import { quantileBound, readSamples, type Sample, sumOf, withLabels } from './prometheus-text.ts';

const MAX_ANSWER_BYTES = 8 << 20;
const TIMEOUT_MS = 5_000;
/** Throughput is that of about the last minute: a scrape every five seconds. */
const KEPT_SCRAPES = 13;

/** What `GET /v1/models` says of a model; what else it says is passed over. */
const modelsSchema = z.object({
  data: z
    .array(
      z.object({
        id: z.string().max(256),
        created: z.int().nonnegative(),
        connito: z.object({
          engine: z.string().max(64),
          version: z.int().nonnegative(),
          context: z.int().nonnegative(),
          routing: z.object({ layers: z.int(), experts: z.int() }).nullable(),
          packages: z.array(z.string().max(512)).max(4_096),
        }),
      }),
    )
    .max(1_024),
});

export type GatewayReaderOptions = {
  readonly url: URL;
  /** Sent as a bearer token, for servers that want one. */
  readonly apiKey?: string;
  readonly fetch?: typeof fetch;
  readonly nowMs: () => number;
};

type Scrape = { readonly atMs: number; readonly samples: readonly Sample[] };

/** Reads what a server of models says of itself over its documented HTTP interface. */
export class GatewayReader implements Source<ServingFacts> {
  readonly #options: GatewayReaderOptions;
  #scrapes: Scrape[] = [];

  constructor(options: GatewayReaderOptions) {
    this.#options = options;
  }

  async read(signal: AbortSignal): Promise<ServingFacts> {
    const parsed = modelsSchema.safeParse(JSON.parse(await this.#get('v1/models', signal)));
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      const where = issue?.path.join('.') ?? '';
      throw this.#unreadable(`its list of models is of another shape at "${where}"`, parsed.error);
    }
    const samples = readSamples(await this.#get('metrics', signal));
    const atMs = this.#options.nowMs();
    // Counters that fell are those of a server that started anew.
    const written = writtenTokens(samples);
    const kept = this.#scrapes.filter((scrape) => writtenTokens(scrape.samples) <= written);
    this.#scrapes = [...kept, { atMs, samples }].slice(-KEPT_SCRAPES);
    const first = this.#scrapes[0]!;
    const seconds = (atMs - first.atMs) / 1000;
    return {
      url: this.#options.url.href,
      windowSeconds: seconds > 0 ? seconds : null,
      models: parsed.data.data.map(({ id, created, connito }) => ({
        id,
        createdSeconds: created,
        engine: connito.engine,
        version: connito.version,
        context: connito.context,
        routing: connito.routing !== null,
        packages: connito.packages,
        ...figuresOf(samples, id),
        tokensPerSecond:
          seconds > 0 ? (writtenTokens(samples, id) - writtenTokens(first.samples, id)) / seconds : null,
      })),
      requests: withLabels(samples, 'connito_gateway_requests_total', {}).map(({ labels, value }) => ({
        route: labels.get('route') ?? '',
        status: labels.get('status') ?? '',
        count: value,
      })),
    };
  }

  async #get(path: string, signal: AbortSignal): Promise<string> {
    const { url, apiKey, fetch: ask = fetch } = this.#options;
    const target = new URL(path, url.href.endsWith('/') ? url : `${url.href}/`);
    try {
      const response = await ask(target, {
        redirect: 'error',
        headers: apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` },
        signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
      });
      if (!response.ok) throw this.#unreadable(`/${path} is answered with ${response.status}`);
      const bytes = await readBounded(response.body, MAX_ANSWER_BYTES, statedLength(response.headers));
      return new TextDecoder().decode(bytes);
    } catch (cause) {
      if (cause instanceof Error && 'code' in cause && cause.code === 'serving_unreadable') throw cause;
      throw this.#unreadable(`/${path} cannot be read: ${(cause as Error).message}`, cause);
    }
  }

  #unreadable(why: string, cause?: unknown) {
    const message = `The server of models at ${this.#options.url.href} cannot be shown: ${why}.`;
    return dashboardError('serving_unreadable', message, {}, cause);
  }
}

function writtenTokens(samples: readonly Sample[], model?: string): number {
  const labels = { kind: 'completion', ...(model === undefined ? {} : { model }) };
  return sumOf(samples, 'connito_gateway_tokens_total', labels);
}

function figuresOf(samples: readonly Sample[], model: string) {
  const sum = (name: string, labels: Readonly<Record<string, string>> = {}): number =>
    sumOf(samples, `connito_gateway_${name}`, { model, ...labels });
  const latency = (name: string) => {
    const count = sum(`${name}_count`);
    const bound = (quantile: number): number | null =>
      quantileBound(samples, `connito_gateway_${name}`, { model }, quantile);
    return {
      count,
      meanSeconds: count === 0 ? null : sum(`${name}_sum`) / count,
      medianAtMostSeconds: bound(0.5),
      p99AtMostSeconds: bound(0.99),
    };
  };
  return {
    running: sum('running_sequences'),
    waiting: sum('waiting_sequences'),
    cacheBytes: sum('cache_bytes'),
    promptTokens: sum('tokens_total', { kind: 'prompt' }),
    completionTokens: writtenTokens(samples, model),
    packageTokens: withLabels(samples, 'connito_gateway_package_tokens_total', { model }).map(
      ({ labels, value }) => ({ package: labels.get('package') ?? '', tokens: value }),
    ),
    cancelled: sum('cancelled_total'),
    swaps: sum('swaps_total', { outcome: 'done' }),
    firstToken: latency('first_token_seconds'),
    answer: latency('answer_seconds'),
  };
}
