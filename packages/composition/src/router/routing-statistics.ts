import type { Tensor } from '@connito/engine';
import { tensor } from '@connito/engine';
import { decodeSafetensors, encodeSafetensors } from '@connito/model';
import { compositionError } from '../errors.ts';

/** What a text's hidden states at one router look like, as means over its tokens. */
export type LayerStatistics = {
  /** Mean of h hᵀ, where h is what the router multiplies: `[hiddenSize, hiddenSize]`. */
  readonly moment: Float32Array;
  /** Mean of h: `[hiddenSize]`. */
  readonly mean: Float32Array;
  /** Mean gate of each expert of the base: `[experts]`. Sums to 1. */
  readonly gates: Float32Array;
};

/** All that closed-form router rows are solved from: one entry for each layer of the model. */
export type RoutingStatistics = {
  readonly tokens: number;
  readonly layers: readonly LayerStatistics[];
};

const FIELDS = ['moment', 'mean', 'gates'] as const;
const TOKENS = 'tokens';

/**
 * The base's statistics by kind of general text. A package's rows are told from all kinds but that of its own domain: text like its
 * own, which the base was trained on, is no counter-example.
 */
export type BaseStatistics = ReadonlyMap<string, RoutingStatistics>;

/** `router.safetensors` of an expert package. Rows are solved from these bytes, so equal files give equal rows. */
export function encodeRoutingStatistics(statistics: RoutingStatistics): Uint8Array {
  return encodeSafetensors(tensorsOf(statistics, ''), 'F32');
}

/** The base's statistics as one file: each kind's tensors under its name. */
export function encodeBaseStatistics(base: BaseStatistics): Uint8Array {
  return encodeSafetensors(
    new Map([...base].flatMap(([kind, statistics]) => [...tensorsOf(statistics, `${kind}.`)])),
    'F32',
  );
}

function tensorsOf({ tokens, layers }: RoutingStatistics, prefix: string): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>([[prefix + TOKENS, tensor(Float32Array.of(tokens), [1])]]);
  for (const [layer, { moment, mean, gates }] of layers.entries()) {
    tensors.set(`${prefix}layers.${layer}.moment`, tensor(moment, [mean.length, mean.length]));
    tensors.set(`${prefix}layers.${layer}.mean`, tensor(mean, [mean.length]));
    tensors.set(`${prefix}layers.${layer}.gates`, tensor(gates, [gates.length]));
  }
  return tensors;
}

/** Statistics of several texts, each as heavy as the others. */
export function pooledStatistics(parts: readonly RoutingStatistics[]): RoutingStatistics {
  const [first] = parts;
  if (first === undefined) throw new RangeError('no statistics to pool');
  const pooled = (layer: number, field: keyof LayerStatistics): Float32Array =>
    first.layers[layer]![field].map(
      (_, i) => parts.reduce((sum, part) => sum + part.layers[layer]![field][i]!, 0) / parts.length,
    );
  return {
    tokens: parts.reduce((sum, { tokens }) => sum + tokens, 0),
    layers: first.layers.map((_, layer) => ({
      moment: pooled(layer, 'moment'),
      mean: pooled(layer, 'mean'),
      gates: pooled(layer, 'gates'),
    })),
  };
}

/**
 * Reads `router.safetensors` strictly for a model of these dimensions. Fails with `specialist_invalid` naming the tensor, or
 * with `checkpoint_corrupt`.
 */
export function decodeRoutingStatistics(
  file: Uint8Array,
  model: { readonly layers: number; readonly hiddenSize: number; readonly experts: number },
  source: string,
): RoutingStatistics {
  const { hiddenSize, experts } = model;
  const tensors = decodeSafetensors(file, source);
  const expected = new Map<string, readonly number[]>([[TOKENS, [1]]]);
  const shapes = { moment: [hiddenSize, hiddenSize], mean: [hiddenSize], gates: [experts] };
  for (let layer = 0; layer < model.layers; layer++) {
    for (const field of FIELDS) expected.set(`layers.${layer}.${field}`, shapes[field]);
  }
  const refuse = (name: string, why: string) =>
    compositionError('specialist_invalid', `${source}: tensor ${name} ${why}.`, { tensor: name });
  for (const name of tensors.keys()) if (!expected.has(name)) throw refuse(name, 'does not belong there');
  const values = (name: string): Float32Array => {
    const found = tensors.get(name);
    const shape = expected.get(name)!;
    if (found === undefined) throw refuse(name, 'is missing');
    if (found.shape.join() !== shape.join()) throw refuse(name, `is [${found.shape}], expected [${shape}]`);
    return found.data as Float32Array;
  };
  const tokens = values(TOKENS)[0]!;
  if (!(tokens >= 1)) throw refuse(TOKENS, `is ${tokens}, expected 1 or more`);
  const layers = Array.from({ length: model.layers }, (_, layer) => ({
    moment: values(`layers.${layer}.moment`),
    mean: values(`layers.${layer}.mean`),
    gates: values(`layers.${layer}.gates`),
  }));
  return { tokens, layers };
}
