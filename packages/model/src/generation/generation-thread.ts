import { readFile } from 'node:fs/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { onnxBackend } from '@connito/engine';
import { ConnitoError } from '@connito/protocol';
import { loadCheckpoint } from '../checkpoint/checkpoint.ts';
import { decodeSafetensors } from '../checkpoint/safetensors.ts';
import type { ModelConfig } from '../config.ts';
import { ModelError } from '../errors.ts';
import type { Parameters } from '../parameters.ts';
import {
  BatchGenerator,
  type ExpertOwners,
  type GenerationEvent,
  type GenerationRequest,
} from './batch-generator.ts';
import { Decoder } from './decoder.ts';

/** Where a model's parameters come from. */
export type ModelSource = {
  /** A checkpoint folder. */
  readonly folder: string;
  /** Safetensors files whose tensors replace the checkpoint's, such as those of an expert; later files win. */
  readonly overlays: readonly string[];
};

export type GenerationThreadData = {
  readonly source: ModelSource;
  readonly threads: number;
  readonly maxRunning: number;
  readonly owners?: ExpertOwners;
};

export type ToGenerationThread =
  | { readonly kind: 'submit'; readonly request: GenerationRequest }
  | { readonly kind: 'cancel'; readonly id: number }
  /** Ends the thread. What still runs is cut off. */
  | { readonly kind: 'stop' };

export type GenerationLoad = {
  readonly running: number;
  readonly waiting: number;
  readonly cacheBytes: number;
};

export type FromGenerationThread =
  | { readonly kind: 'ready'; readonly config: ModelConfig }
  | { readonly kind: 'refused'; readonly code: string; readonly message: string }
  /** Everything that happened since the last one. */
  | { readonly kind: 'events'; readonly events: readonly GenerationEvent[]; readonly load: GenerationLoad };

async function loadModel({
  folder,
  overlays,
}: ModelSource): Promise<{ config: ModelConfig; parameters: Parameters }> {
  const { config, parameters } = await loadCheckpoint(folder);
  const replaced = new Map(parameters);
  for (const file of overlays) {
    for (const [name, value] of decodeSafetensors(await readFile(file), file)) {
      const shape = parameters.get(name)?.shape.join();
      if (shape !== value.shape.join()) {
        const model = shape === undefined ? 'has no such tensor' : `has [${shape}]`;
        throw new ModelError(
          'parameter_mismatch',
          `${file}: ${name} is [${value.shape.join()}], the model ${model}`,
        );
      }
      replaced.set(name, value);
    }
  }
  return { config, parameters: replaced };
}

async function run(port: NonNullable<typeof parentPort>, data: GenerationThreadData): Promise<void> {
  const post = (message: FromGenerationThread): void => port.postMessage(message);
  let events: GenerationEvent[] = [];
  const { config, parameters } = await loadModel(data.source);
  const decoder = await Decoder.create(onnxBackend({ threads: data.threads }), config, parameters);
  const emit = (event: GenerationEvent): void => {
    events.push(event);
  };
  const generator = new BatchGenerator(data, { decoder, emit });
  let stopped = false;
  let ticking = false;
  const flush = (): void => {
    if (events.length === 0) return;
    post({ kind: 'events', events, load: generator.load });
    events = [];
  };
  const work = async (): Promise<void> => {
    if (ticking) return;
    ticking = true;
    while (!stopped && !generator.isIdle) {
      await generator.tick();
      flush();
      // Lets requests and cancellations in between two ticks.
      await new Promise((resolve) => setImmediate(resolve));
    }
    ticking = false;
    if (!stopped) return;
    await decoder.dispose();
    port.close();
  };
  port.on('message', (message: ToGenerationThread) => {
    if (message.kind === 'submit') generator.submit(message.request);
    else if (message.kind === 'cancel') generator.cancel(message.id);
    else stopped = true;
    flush();
    void work();
  });
  post({ kind: 'ready', config });
}

if (parentPort !== null) {
  const port = parentPort;
  run(port, workerData as GenerationThreadData).catch((error: unknown) => {
    const code = error instanceof ConnitoError ? error.code : 'engine_failed';
    port.postMessage({
      kind: 'refused',
      code,
      message: (error as Error).message,
    } satisfies FromGenerationThread);
    port.close();
  });
}
