import { readFile } from 'node:fs/promises';
import { tensor } from '@connito/engine';
import { replaceFile } from '../checkpoint/durable-file.ts';
import { decodeSafetensors, encodeSafetensors, readMetadata } from '../checkpoint/safetensors.ts';
import { ModelError } from '../errors.ts';
import type { Parameters } from '../parameters.ts';

/** What a run of pretraining needs to go on where it stopped. */
export type TrainingState = {
  /** Optimiser steps done. */
  readonly step: number;
  /** Seconds spent training so far, over all sessions. */
  readonly seconds: number;
  readonly parameters: Parameters;
  /** Adam's moments, flat in the order of the model's parameters. */
  readonly m: Float32Array;
  readonly v: Float32Array;
};

const M = 'optimizer.m';
const V = 'optimizer.v';

export async function saveTrainingState(
  path: string,
  recipeHash: string,
  state: TrainingState,
): Promise<void> {
  const tensors = new Map(state.parameters);
  tensors.set(M, tensor(state.m, [state.m.length])).set(V, tensor(state.v, [state.v.length]));
  const metadata = { recipe: recipeHash, step: `${state.step}`, seconds: `${state.seconds}` };
  await replaceFile(path, encodeSafetensors(tensors, 'F32', metadata));
}

/** The saved state, or null if there is none. Throws `base_model_mismatch` if it is of another recipe. */
export async function loadTrainingState(path: string, recipeHash: string): Promise<TrainingState | null> {
  let file: Uint8Array;
  try {
    file = await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  const metadata = readMetadata(file, path);
  if (metadata.recipe !== recipeHash) {
    const message = `${path} was made with another recipe (${metadata.recipe}, now ${recipeHash}); remove it or use another folder`;
    throw new ModelError('base_model_mismatch', message);
  }
  const parameters = decodeSafetensors(file, path);
  const take = (name: string): Float32Array => {
    const values = parameters.get(name)?.data;
    parameters.delete(name);
    if (!(values instanceof Float32Array))
      throw new ModelError('parameter_mismatch', `${path} has no ${name}`);
    return values;
  };
  return {
    step: Number(metadata.step),
    seconds: Number(metadata.seconds),
    m: take(M),
    v: take(V),
    parameters,
  };
}
