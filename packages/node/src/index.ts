/**
 * What every role shares at a process's edge: keys and wallets, signed HTTP, logs, durable files, lifetimes.
 *
 * @example
 * const keypair = await loadHotkey({ walletsPath, wallet: 'default', hotkey: 'miner' });
 * const client = new HttpClient({ signer: new RequestSigner(keypair, systemClock) });
 */
export { type Clock, instantClock, ManualClock, sleep, systemClock } from './clock.ts';
export {
  DurableFile,
  type DurableFileOptions,
  syncDirectory,
  TEMPORARY_SUFFIX,
  writeDurably,
} from './durable-file.ts';
export { hasCode, type NodeErrorCode, nodeError } from './errors.ts';
export { fileError, systemCode } from './file-error.ts';
export { lockFile } from './file-lock.ts';
export { readBounded, statedLength } from './http/bounded-body.ts';
export {
  HttpClient,
  type HttpClientDependencies,
  type HttpRequest,
  type HttpResponse,
  type HttpStream,
} from './http/client.ts';
export {
  createApp,
  type ErrorBody,
  type ErrorStatuses,
  parseErrorBody,
  parseJsonRequest,
  parseRequest,
} from './http/http-error.ts';
export { type RateLimit, RateLimiter } from './http/rate-limiter.ts';
export { backoffMs, DEFAULT_RETRY, type RetryPolicy, retrying } from './http/retry.ts';
export { type HttpServer, type ServeOptions, serve } from './http/serve.ts';
export {
  CLOCK_SKEW_MS,
  RequestSigner,
  RequestVerifier,
  type VerifiedRequest,
  type VerifierOptions,
} from './http/signed-request.ts';
export {
  type AllowHotkey,
  type SignedBodyVariables,
  type SignedRouteOptions,
  type SignedVariables,
  signedBody,
  signedHeaders,
} from './http/signed-route.ts';
export { decodeHotkeyFile, encodeHotkeyFile } from './keys/hotkey-file.ts';
export { type Keypair, keypairFromMiniSecret } from './keys/keypair.ts';
export { miniSecretOf, newMnemonic } from './keys/mini-secret.ts';
export {
  createHotkey,
  type HotkeyLocation,
  hotkeyPath,
  loadHotkey,
  loadOrCreateHotkey,
} from './keys/wallet.ts';
export { createLog, type Log, type LogFields, type LogLevel, type LogOptions, silentLog } from './log.ts';
export {
  HTTP_CLIENT_METRICS,
  HTTP_SERVER_METRICS,
  meteredFetch,
  meteredRoutes,
} from './metrics/http-metrics.ts';
export {
  type Collectors,
  type Counter,
  counter,
  createMetrics,
  type Gauge,
  gauge,
  type Histogram,
  type MetricDeclaration,
  type MetricDeclarations,
  type Metrics,
  MetricsRegistry,
  secondsHistogram,
} from './metrics/metric.ts';
export { createProcessMetrics, PROCESS_METRICS, type ProcessDescription } from './metrics/process-metrics.ts';
export { createMetricsApp, type ServeMetricsOptions, serveMetrics } from './metrics/serve-metrics.ts';
export { type Service, startAll } from './service.ts';
