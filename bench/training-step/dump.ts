import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type AdamWOptions, elementCount, type Tensor, tensor } from '@connito/engine';

/** The shape of the model and of its one batch, under the names of the reference script. */
export type StepShape = {
  readonly layers: number;
  readonly width: number;
  readonly heads: number;
  readonly experts: number;
  readonly expertsPerToken: number;
  readonly vocabulary: number;
  readonly batch: number;
  readonly positions: number;
  readonly trainedExperts: readonly number[];
  readonly normEps: number;
  readonly ropeTheta: number;
};

/** Everything the reference script started from: both engines compute the same thing. */
export type Dump = {
  readonly shape: StepShape;
  readonly adamw: AdamWOptions;
  readonly weights: ReadonlyMap<string, Tensor>;
  /** Token ids and the ids one position later, `[batch · positions]`. */
  readonly inputs: Tensor;
  readonly targets: Tensor;
};

type Manifest = {
  readonly shape: {
    readonly layers: number;
    readonly width: number;
    readonly heads: number;
    readonly experts: number;
    readonly experts_per_token: number;
    readonly vocabulary: number;
    readonly batch: number;
    readonly positions: number;
    readonly trained_experts: readonly number[];
  };
  readonly adamw: {
    readonly lr: number;
    readonly betas: readonly [number, number];
    readonly eps: number;
    readonly weight_decay: number;
  };
  readonly normEps: number;
  readonly ropeTheta: number;
  readonly tensors: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    readonly offset: number;
  }[];
};

/** Reads what `tools/reference/torch_training_step.py --dump DIR` wrote. */
export async function readDump(folder: string): Promise<Dump> {
  const manifest = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')) as Manifest;
  const { shape, adamw } = manifest;
  const floats = new Float32Array(aligned(await readFile(join(folder, 'weights.bin'))));
  const weights = new Map<string, Tensor>();
  for (const row of manifest.tensors) {
    const data = floats.subarray(row.offset, row.offset + elementCount(row.shape));
    weights.set(row.name, tensor(data, row.shape));
  }
  const tokens = new Int32Array(aligned(await readFile(join(folder, 'tokens.bin'))));
  const { batch, positions } = shape;
  const shifted = (by: number): Tensor => {
    const ids = new Int32Array(batch * positions);
    for (let row = 0; row < batch; row++) {
      const start = row * (positions + 1) + by;
      ids.set(tokens.subarray(start, start + positions), row * positions);
    }
    return tensor(ids, [batch * positions]);
  };
  return {
    shape: {
      layers: shape.layers,
      width: shape.width,
      heads: shape.heads,
      experts: shape.experts,
      expertsPerToken: shape.experts_per_token,
      vocabulary: shape.vocabulary,
      batch,
      positions,
      trainedExperts: shape.trained_experts,
      normEps: manifest.normEps,
      ropeTheta: manifest.ropeTheta,
    },
    adamw: {
      learningRate: adamw.lr,
      beta1: adamw.betas[0],
      beta2: adamw.betas[1],
      epsilon: adamw.eps,
      weightDecay: adamw.weight_decay,
    },
    weights,
    inputs: shifted(0),
    targets: shifted(1),
  };
}

/** The bytes of a file in a buffer of their own, which typed arrays need. */
function aligned(file: Buffer): ArrayBuffer {
  return new Uint8Array(file).buffer;
}

export const EMBEDDING = 'model.embed_tokens.weight';

export function layerPrefix(layer: number): string {
  return `model.layers.${layer}.`;
}

/** Names of the matrices of some experts within a layer. */
export function expertNames(experts: Iterable<number>): string[] {
  return Array.from(experts, (expert) =>
    ['gate_proj', 'up_proj', 'down_proj'].map((matrix) => `mlp.experts.${expert}.${matrix}.weight`),
  ).flat();
}

/** Names of a layer's matrices within it. */
export function layerNames(shape: StepShape): string[] {
  const attention = ['q', 'k', 'v', 'o'].map((name) => `self_attn.${name}_proj.weight`);
  return [...attention, 'mlp.gate.weight', ...expertNames(Array(shape.experts).keys())];
}
