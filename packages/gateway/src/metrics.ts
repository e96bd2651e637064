import { counter, createMetrics, gauge, MetricsRegistry, secondsHistogram } from '@connito/node';

/** What a server of models says about its requests and answers. */
export const GATEWAY_METRICS = {
  running: gauge('connito_gateway_running_sequences', 'Answers being written.', ['model']),
  waiting: gauge('connito_gateway_waiting_sequences', 'Answers waiting for their turn.', ['model']),
  cacheBytes: gauge('connito_gateway_cache_bytes', 'Keys and values held.', ['model']),
  version: gauge('connito_gateway_model_version', 'Counts up with every swap.', ['model']),
  requests: counter('connito_gateway_requests_total', 'Answered HTTP requests.', ['route', 'status']),
  tokens: counter('connito_gateway_tokens_total', 'Tokens read (`prompt`) and written (`completion`).', [
    'model',
    'kind',
  ]),
  packageTokens: counter(
    'connito_gateway_package_tokens_total',
    'Tokens that at least one expert of a package served.',
    ['model', 'package'],
  ),
  firstTokenSeconds: secondsHistogram(
    'connito_gateway_first_token_seconds',
    'From a request to its first token.',
    ['model'],
  ),
  answerSeconds: secondsHistogram(
    'connito_gateway_answer_seconds',
    'From a request to the end of its answer.',
    ['model'],
  ),
  cancelled: counter('connito_gateway_cancelled_total', 'Answers whose client left before the end.', [
    'model',
  ]),
  swaps: counter('connito_gateway_swaps_total', 'Changes of parameters, by `done` or `refused`.', [
    'model',
    'outcome',
  ]),
} as const;

export type ModelLoad = {
  readonly model: string;
  readonly running: number;
  readonly waiting: number;
  readonly cacheBytes: number;
  readonly version: number;
};

/** The server's metrics, on a registry of their own. `loads` is asked at every scrape. */
export function createGatewayMetrics(loads: () => readonly ModelLoad[]) {
  const registry = new MetricsRegistry();
  const perModel =
    (value: (load: ModelLoad) => number) =>
    (metric: { reset(): void; set(labels: { model: string }, value: number): void }): void => {
      metric.reset();
      for (const load of loads()) metric.set({ model: load.model }, value(load));
    };
  const metrics = createMetrics(GATEWAY_METRICS, registry, {
    running: perModel(({ running }) => running),
    waiting: perModel(({ waiting }) => waiting),
    cacheBytes: perModel(({ cacheBytes }) => cacheBytes),
    version: perModel(({ version }) => version),
  });
  return { registry, ...metrics };
}

export type GatewayMetrics = ReturnType<typeof createGatewayMetrics>;
