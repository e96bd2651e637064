import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** Time to first token and whole answers, from a fast small model to a slow large one. */
const SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

export type ModelLoad = {
  readonly model: string;
  readonly running: number;
  readonly waiting: number;
  readonly cacheBytes: number;
  readonly version: number;
};

/** The server's metrics, on a registry of their own. `loads` is asked at every scrape. */
export function createMetrics(loads: () => readonly ModelLoad[]) {
  const registry = new Registry();
  const registers = [registry];
  const perModel = (name: string, help: string, value: (load: ModelLoad) => number): void => {
    new Gauge({
      name,
      help,
      labelNames: ['model'] as const,
      registers,
      collect() {
        this.reset();
        for (const load of loads()) this.set({ model: load.model }, value(load));
      },
    });
  };
  perModel('connito_gateway_running_sequences', 'Answers being written', ({ running }) => running);
  perModel('connito_gateway_waiting_sequences', 'Answers waiting for their turn', ({ waiting }) => waiting);
  perModel('connito_gateway_cache_bytes', 'Keys and values held', ({ cacheBytes }) => cacheBytes);
  perModel('connito_gateway_model_version', 'Counts up with every swap', ({ version }) => version);
  return {
    registry,
    requests: new Counter({
      name: 'connito_gateway_requests_total',
      help: 'Answered HTTP requests',
      labelNames: ['route', 'status'] as const,
      registers,
    }),
    tokens: new Counter({
      name: 'connito_gateway_tokens_total',
      help: 'Tokens read (prompt) and written (completion)',
      labelNames: ['model', 'kind'] as const,
      registers,
    }),
    packageTokens: new Counter({
      name: 'connito_gateway_package_tokens_total',
      help: 'Tokens that at least one expert of a package served',
      labelNames: ['model', 'package'] as const,
      registers,
    }),
    firstTokenSeconds: new Histogram({
      name: 'connito_gateway_first_token_seconds',
      help: 'From a request to its first token',
      labelNames: ['model'] as const,
      buckets: SECONDS,
      registers,
    }),
    answerSeconds: new Histogram({
      name: 'connito_gateway_answer_seconds',
      help: 'From a request to the end of its answer',
      labelNames: ['model'] as const,
      buckets: SECONDS,
      registers,
    }),
    cancelled: new Counter({
      name: 'connito_gateway_cancelled_total',
      help: 'Answers whose client left before the end',
      labelNames: ['model'] as const,
      registers,
    }),
    swaps: new Counter({
      name: 'connito_gateway_swaps_total',
      help: 'Changes of parameters',
      labelNames: ['model', 'outcome'] as const,
      registers,
    }),
  };
}

export type GatewayMetrics = ReturnType<typeof createMetrics>;
