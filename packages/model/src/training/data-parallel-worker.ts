import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { adamWStep, floats, onnxBackend } from '@connito/engine';
import type { ModelConfig } from '../config.ts';
import { parameterShapes } from '../parameters.ts';
import { GradientPass } from './gradient-pass.ts';
import { layoutOf, viewsOf } from './parameter-layout.ts';

/** What a replica is started with. All buffers are shared; `gradients` has one for each replica. */
export type ReplicaData = {
  readonly config: ModelConfig;
  readonly index: number;
  readonly sequences: number;
  readonly tokens: number;
  readonly balanceWeight: number;
  readonly parameters: SharedArrayBuffer;
  readonly moments: { readonly m: SharedArrayBuffer; readonly v: SharedArrayBuffer };
  readonly gradients: readonly SharedArrayBuffer[];
};

export type AdamWSettings = {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
};

/** One stage of a step; a replica answers each before the next is sent. */
export type ReplicaRequest =
  | { readonly kind: 'gradient'; readonly inputs: Int32Array; readonly targets: Int32Array }
  /** Sums all replicas' gradients over this replica's share of the parameters. */
  | { readonly kind: 'reduce' }
  | {
      readonly kind: 'update';
      readonly step: number;
      readonly scale: number;
      readonly optimizer: AdamWSettings;
    };

export type ReplicaReply =
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'gradient';
      readonly loss: number;
      readonly balanceLoss: number;
      /** Chosen (row, expert) pairs by layer and expert. */
      readonly load: Float64Array;
    }
  | { readonly kind: 'reduce'; readonly squaredNorm: number }
  | { readonly kind: 'update' };

async function serve(port: MessagePort, data: ReplicaData): Promise<void> {
  const { config, index, gradients } = data;
  const shapes = parameterShapes(config);
  const layout = layoutOf(shapes);
  const shared = new Float32Array(data.parameters);
  // The runtime does not take shared memory, so each replica computes on its own copy.
  const own = new Float32Array(layout.size);
  const parameters = viewsOf(layout, own);
  const sums = gradients.map((buffer) => new Float32Array(buffer));
  const m = new Float32Array(data.moments.m);
  const v = new Float32Array(data.moments.v);
  const from = Math.floor((layout.size * index) / gradients.length);
  const to = Math.floor((layout.size * (index + 1)) / gradients.length);
  const pass = await GradientPass.create(onnxBackend({ threads: 1 }), config, {
    shape: { sequences: data.sequences, tokens: data.tokens },
    trained: new Set(shapes.keys()),
    rematerialization: 'keep',
    balanceWeight: data.balanceWeight,
  });

  const reply = (message: ReplicaReply): void => port.postMessage(message);
  const handle = async (request: ReplicaRequest): Promise<void> => {
    switch (request.kind) {
      case 'gradient': {
        own.set(shared);
        const load = new Float64Array(config.layers * config.experts);
        const result = await pass.run(parameters, request.inputs, request.targets, (layer, gates) => {
          for (let i = 0; i < gates.length; i++) {
            if (gates[i]! > 0) load[layer * config.experts + (i % config.experts)]! += 1;
          }
        });
        for (const { name, offset } of layout.entries) {
          sums[index]!.set(floats(pass.gradients.get(name)!), offset);
        }
        reply({ kind: 'gradient', loss: result.loss, balanceLoss: result.balanceLoss ?? 0, load });
        return;
      }
      case 'reduce': {
        const total = sums[0]!;
        let squaredNorm = 0;
        for (let i = from; i < to; i++) {
          let sum = 0;
          for (const part of sums) sum += part[i]!;
          sum /= sums.length;
          total[i] = sum;
          squaredNorm += sum * sum;
        }
        reply({ kind: 'reduce', squaredNorm });
        return;
      }
      case 'update': {
        const { step, scale, optimizer } = request;
        for (const { shape, offset } of layout.entries) {
          const size = shape.reduce((a, b) => a * b, 1);
          const start = Math.max(from, offset);
          const end = Math.min(to, offset + size);
          if (start >= end) continue;
          // Norm weights are not decayed.
          const weightDecay = shape.length === 1 ? 0 : optimizer.weightDecay;
          const moments = { m: m.subarray(start, end), v: v.subarray(start, end) };
          const gradient = sums[0]!.subarray(start, end);
          adamWStep(
            shared.subarray(start, end),
            gradient,
            moments,
            step,
            { ...optimizer, weightDecay },
            scale,
          );
        }
        reply({ kind: 'update' });
        return;
      }
    }
  };
  port.on('message', (request: ReplicaRequest) => {
    handle(request).catch((error: unknown) => {
      // Surfaces as the worker's 'error' event.
      queueMicrotask(() => {
        throw error;
      });
    });
  });
  reply({ kind: 'ready' });
}

if (parentPort !== null) await serve(parentPort, workerData as ReplicaData);
