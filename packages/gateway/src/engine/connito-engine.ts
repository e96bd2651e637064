import { join } from 'node:path';
import {
  type ExpertOwners,
  type GeneratedToken,
  GenerationHost,
  type GenerationLoad,
  loadTokenizer,
  type ModelSource,
  type Tokenizer,
} from '@connito/model';
import type { EngineEnd, EngineRequest, InferenceEngine } from './inference-engine.ts';

export type ConnitoEngineOptions = {
  readonly source: ModelSource;
  readonly threads: number;
  /** Sequences written at once; more wait. */
  readonly maxRunning: number;
  /** Who contributed each expert, for `ExpertUsage`. */
  readonly owners?: ExpertOwners;
};

/** Our own engine: ONNX graphs on a thread, with routing traces and restrictions. */
export class ConnitoEngine implements InferenceEngine {
  readonly name = 'connito';
  readonly contextSize: number;
  readonly tokenizer: Tokenizer;
  readonly routing: { readonly layers: number; readonly experts: number };
  readonly #host: GenerationHost;

  private constructor(host: GenerationHost, tokenizer: Tokenizer) {
    const { contextSize, layers, experts } = host.config;
    this.#host = host;
    this.tokenizer = tokenizer;
    this.contextSize = contextSize;
    this.routing = { layers, experts };
  }

  static async open(options: ConnitoEngineOptions): Promise<ConnitoEngine> {
    const tokenizer = await loadTokenizer(join(options.source.folder, 'tokenizer.json'));
    return new ConnitoEngine(await GenerationHost.start(options), tokenizer);
  }

  get load(): GenerationLoad {
    return this.#host.load;
  }

  generate(request: EngineRequest, signal?: AbortSignal): AsyncGenerator<GeneratedToken, EngineEnd, void> {
    return this.#host.generate(request, signal);
  }

  drained(): Promise<void> {
    return this.#host.drained();
  }

  stop(): Promise<void> {
    return this.#host.stop();
  }
}
