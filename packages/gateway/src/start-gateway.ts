import type { ModelSource } from '@connito/model';
import { type Clock, type HttpServer, type Log, type RateLimit, serve } from '@connito/node';
import type { ApiKeys } from './access/api-keys.ts';
import { isLoopback } from './access/loopback.ts';
import { createGatewayApp } from './app.ts';
import { ConnitoEngine } from './engine/connito-engine.ts';
import { gatewayError } from './errors.ts';
import { createGatewayMetrics } from './metrics.ts';
import type { ReceiptSink } from './receipts/receipt-sink.ts';
import type { OpenEngine } from './serving/model-version.ts';
import { OpenAnswers } from './serving/open-answers.ts';
import { ServedModel } from './serving/served-model.ts';

export type StartGatewayOptions = {
  /** Model ids and what they serve first. */
  readonly models: ReadonlyMap<string, ModelSource>;
  readonly host: string;
  readonly port: number;
  readonly keys: ApiKeys | null;
  readonly rateLimit: RateLimit | null;
  /** Answers written at once by each model; more wait. */
  readonly maxRunning: number;
  /** Answers written or waiting, of all models; more are refused. */
  readonly maxChoices: number;
  /** Threads of each model's engine. */
  readonly threads: number;
};

export type StartGatewayDependencies = {
  readonly clock: Clock;
  readonly log: Log;
  readonly receipts: ReceiptSink;
  /** Our own engine unless given. */
  readonly openEngine?: OpenEngine;
};

export type Gateway = AsyncDisposable & { readonly url: URL; readonly models: readonly ServedModel[] };

/**
 * Loads the models and serves them. Fails with `api_keys_required` where others than this machine could reach a server
 * without keys.
 *
 * @example
 * await using gateway = await startGateway(options, { clock: systemClock, log, receipts: noReceipts });
 * const client = new OpenAI({ baseURL: new URL('/v1', gateway.url).href, apiKey: 'none' });
 */
export async function startGateway(
  options: StartGatewayOptions,
  dependencies: StartGatewayDependencies,
): Promise<Gateway> {
  const { host, port, keys, threads, maxRunning } = options;
  const { clock, log, receipts } = dependencies;
  if (keys === null && !isLoopback(host)) {
    throw gatewayError(
      'api_keys_required',
      `Others could reach a server on ${host}, and it has no API keys. Name a file of keys with --api-keys, or stay on 127.0.0.1.`,
      { details: { host } },
    );
  }
  const openEngine: OpenEngine =
    dependencies.openEngine ??
    ((source, owners) =>
      ConnitoEngine.open({ source, threads, maxRunning, ...(owners === undefined ? {} : { owners }) }));
  const models: ServedModel[] = [];
  const answers = new OpenAnswers(options.maxChoices);
  let server: HttpServer;
  try {
    for (const [id, source] of options.models)
      models.push(await ServedModel.open({ id, source, nowMs: clock.nowMs() }, { openEngine, log }));
    const metrics = createGatewayMetrics(() => models.map(loadOf));
    const app = createGatewayApp(
      {
        keys,
        rateLimit: options.rateLimit,
        onlyLoopbackNames: keys === null,
      },
      { models, answers, clock, metrics, receipts, log },
    );
    server = await serve({ fetch: app.fetch, host, port });
  } catch (error) {
    await Promise.all(models.map((model) => model.stop()));
    throw error;
  }
  return {
    url: server.url,
    models,
    [Symbol.asyncDispose]: async () => {
      await server.stop();
      // Only then is what they used known, and paid for.
      await answers.close();
      await Promise.all(models.map((model) => model.stop()));
    },
  };
}

/** Versions on their way out count too: their sequences and caches are still there. */
function loadOf(model: ServedModel) {
  const total = { running: 0, waiting: 0, cacheBytes: 0 };
  for (const { engine } of model.versions) {
    total.running += engine.load.running;
    total.waiting += engine.load.waiting;
    total.cacheBytes += engine.load.cacheBytes;
  }
  return { model: model.id, version: model.current.number, ...total };
}
