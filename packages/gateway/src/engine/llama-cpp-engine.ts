import { access, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  type GeneratedToken,
  type GenerationLoad,
  loadTokenizer,
  type ModelSource,
  parseModelConfig,
  sample,
  type Tokenizer,
} from '@connito/model';
import { badRequest, gatewayError } from '../errors.ts';
import type { EngineEnd, EngineRequest, InferenceEngine } from './inference-engine.ts';

export type LlamaCppOptions = {
  /** Folder whose `node_modules` holds `node-llama-cpp`: it is no dependency of ours, since few need its 80 MB. */
  readonly moduleFolder: string;
  /** The model, exported with `connito compose` or by another tool. */
  readonly gguf: string;
  /** The same model's `tokenizer.json`. */
  readonly tokenizer: string;
  readonly contextSize: number;
  readonly threads: number;
  /** Sequences written at once; more wait. */
  readonly maxRunning: number;
};

/** The part of `node-llama-cpp` 3.22 that is used. */
type LlamaModule = {
  getLlama(options: {
    readonly gpu: false;
    readonly build: 'never';
    readonly logLevel: 'error';
    readonly maxThreads: number;
  }): Promise<{
    loadModel(options: { readonly modelPath: string }): Promise<LlamaModel>;
    dispose(): Promise<void>;
  }>;
};
type LlamaModel = {
  createContext(options: {
    readonly contextSize: number;
    readonly sequences: number;
    readonly threads: number;
    readonly flashAttention: false;
    readonly experimentalKvCacheKeyType: 'F32';
    readonly experimentalKvCacheValueType: 'F32';
  }): Promise<{ getSequence(): LlamaSequence; dispose(): Promise<void> }>;
  dispose(): Promise<void>;
};
type LlamaInput = number | [number, { readonly generateNext: { readonly probabilities: true } }];
type LlamaSequence = {
  controlledEvaluate(
    input: readonly LlamaInput[],
  ): Promise<({ readonly next: { readonly probabilities?: ReadonlyMap<number, number> } } | undefined)[]>;
  clearHistory(): Promise<void>;
};

/** Loads `node-llama-cpp` from its folder. Fails with `engine_unavailable`, saying how to install it. */
export async function loadLlamaCpp(moduleFolder: string): Promise<LlamaModule> {
  const entry = join(moduleFolder, 'node_modules', 'node-llama-cpp', 'dist', 'index.js');
  try {
    await access(entry);
    return (await import(pathToFileURL(entry).href)) as LlamaModule;
  } catch (cause) {
    throw gatewayError(
      'engine_unavailable',
      `node-llama-cpp is not installed in ${moduleFolder}. Install it with: npm ci --prefix ${moduleFolder} --omit=optional --ignore-scripts`,
      { cause, details: { moduleFolder } },
    );
  }
}

/**
 * llama.cpp on a GGUF file. It computes next-token distributions; tokens are chosen by our own sampler, so that seeds, top-p
 * and log probabilities mean the same for both engines. It does not tell which experts it chose.
 */
export class LlamaCppEngine implements InferenceEngine {
  readonly name = 'llama.cpp';
  readonly contextSize: number;
  readonly tokenizer: Tokenizer;
  readonly routing = null;
  readonly #free: LlamaSequence[];
  readonly #waiting: ((sequence: LlamaSequence) => void)[] = [];
  readonly #close: () => Promise<void>;
  #running = 0;
  #onDrained: (() => void)[] = [];

  private constructor(
    options: { readonly contextSize: number },
    parts: {
      readonly tokenizer: Tokenizer;
      readonly sequences: readonly LlamaSequence[];
      readonly close: () => Promise<void>;
    },
  ) {
    this.contextSize = options.contextSize;
    this.tokenizer = parts.tokenizer;
    this.#free = [...parts.sequences];
    this.#close = parts.close;
  }

  /** For `ModelVersion`: the one `.gguf` file of a model's folder, with its `tokenizer.json`. */
  static async openFolder(
    source: ModelSource,
    options: Pick<LlamaCppOptions, 'moduleFolder' | 'threads' | 'maxRunning'>,
  ): Promise<LlamaCppEngine> {
    const { folder, overlays } = source;
    const files = (await readdir(folder)).filter((name) => name.endsWith('.gguf'));
    if (files.length !== 1 || overlays.length > 0) {
      throw gatewayError(
        'model_unusable',
        overlays.length > 0
          ? 'llama.cpp serves a GGUF file as it is and takes no overlays; compose another file.'
          : `llama.cpp needs exactly one .gguf file in ${folder}, which has ${files.length}.`,
        { details: { folder } },
      );
    }
    const { contextSize } = parseModelConfig(JSON.parse(await readFile(join(folder, 'config.json'), 'utf8')));
    const paths = { gguf: join(folder, files[0]!), tokenizer: join(folder, 'tokenizer.json') };
    return LlamaCppEngine.open({ ...options, ...paths, contextSize });
  }

  static async open(options: LlamaCppOptions): Promise<LlamaCppEngine> {
    const { contextSize, threads, maxRunning } = options;
    const tokenizer = await loadTokenizer(options.tokenizer);
    const { getLlama } = await loadLlamaCpp(options.moduleFolder);
    const llama = await getLlama({ gpu: false, build: 'never', logLevel: 'error', maxThreads: threads });
    const model = await llama.loadModel({ modelPath: options.gguf });
    const context = await model.createContext({
      contextSize,
      sequences: maxRunning,
      threads,
      flashAttention: false,
      experimentalKvCacheKeyType: 'F32',
      experimentalKvCacheValueType: 'F32',
    });
    const close = async (): Promise<void> => {
      await context.dispose();
      await model.dispose();
      await llama.dispose();
    };
    const sequences = Array.from({ length: maxRunning }, () => context.getSequence());
    return new LlamaCppEngine(options, { tokenizer, sequences, close });
  }

  get load(): GenerationLoad {
    return { running: this.#running, waiting: this.#waiting.length, cacheBytes: 0 };
  }

  async *generate(
    request: EngineRequest,
    signal?: AbortSignal,
  ): AsyncGenerator<GeneratedToken, EngineEnd, void> {
    const { allow, deny } = request.experts;
    if ((allow?.size ?? 0) + (deny?.size ?? 0) > 0 || request.trace)
      throw badRequest('llama.cpp does not let its routing be seen or restricted.', 'connito');
    const sequence = await this.#take();
    try {
      await sequence.clearHistory();
      let input: readonly number[] = [...request.prompt];
      for (let index = 0; index < request.maxTokens; index++) {
        if (signal?.aborted === true) return { reason: 'cancelled', usage: null };
        const logits = await this.#next(sequence, input);
        const sampled = sample(logits, request.sampling, index, request.topCount);
        if (sampled === null)
          throw gatewayError('model_unusable', 'llama.cpp computed values that are not finite.');
        if (request.stopTokens.includes(sampled.token)) return { reason: 'stop', usage: null };
        yield sampled;
        input = [sampled.token];
      }
      return { reason: 'length', usage: null };
    } finally {
      this.#giveBack(sequence);
    }
  }

  drained(): Promise<void> {
    if (this.#running === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onDrained.push(resolve);
    });
  }

  async stop(): Promise<void> {
    await this.drained();
    await this.#close();
  }

  /** Log probabilities of the next token, which stand for logits: they differ by a constant. */
  async #next(sequence: LlamaSequence, input: readonly number[]): Promise<Float32Array> {
    const last = input.length - 1;
    const asked = [
      ...input.slice(0, last),
      [input[last]!, { generateNext: { probabilities: true } }],
    ] as const;
    const results = await sequence.controlledEvaluate(asked as readonly LlamaInput[]);
    const logits = new Float32Array(this.tokenizer.vocabularySize).fill(Number.NEGATIVE_INFINITY);
    for (const [token, probability] of results[last]!.next.probabilities ?? [])
      logits[token] = Math.log(probability);
    return logits;
  }

  #take(): Promise<LlamaSequence> {
    this.#running += 1;
    const sequence = this.#free.pop();
    if (sequence !== undefined) return Promise.resolve(sequence);
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  #giveBack(sequence: LlamaSequence): void {
    this.#running -= 1;
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(sequence);
    else next(sequence);
    if (this.#running > 0) return;
    for (const resolve of this.#onDrained) resolve();
    this.#onDrained = [];
  }
}
