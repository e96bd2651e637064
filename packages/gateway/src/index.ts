/**
 * Serves models to OpenAI's clients: engines behind one seam, continuous batching, expert restriction and reports, hot swap,
 * usage for receipts, and a playground.
 *
 * @example
 * await using gateway = await startGateway(options, { clock: systemClock, log, receipts: noReceipts });
 * console.log(gateway.url.href);
 */
export { type ApiKey, ApiKeys } from './access/api-keys.ts';
export { isLoopback } from './access/loopback.ts';
export {
  createGatewayApp,
  type GatewayDependencies,
  type GatewayOptions,
} from './app.ts';
export {
  type ChatMessage,
  type ChatTemplate,
  loadChatTemplate,
  plainTemplate,
} from './chat/chat-template.ts';
export { ConnitoEngine, type ConnitoEngineOptions } from './engine/connito-engine.ts';
export type { EngineEnd, EngineRequest, InferenceEngine } from './engine/inference-engine.ts';
export { LlamaCppEngine, type LlamaCppOptions } from './engine/llama-cpp-engine.ts';
export { ApiError, type GatewayErrorCode, gatewayError } from './errors.ts';
export { GATEWAY_METRICS } from './metrics.ts';
export { noReceipts, type ReceiptSink } from './receipts/receipt-sink.ts';
export type { ModelVersion, OpenEngine } from './serving/model-version.ts';
export { type Lease, ServedModel } from './serving/served-model.ts';
export {
  type Gateway,
  type StartGatewayDependencies,
  type StartGatewayOptions,
  startGateway,
} from './start-gateway.ts';
