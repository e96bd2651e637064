import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ModelConfig, parseModelConfig } from '../config.ts';
import { ModelError, type ModelErrorCode } from '../errors.ts';
import { type Parameters, requireParameters } from '../parameters.ts';
import { decodeSafetensors } from './safetensors.ts';

/** Files of a checkpoint folder that define the model; their hashes name it in a run definition. */
export const CHECKPOINT_FILES = ['config.json', 'tokenizer.json', 'model.safetensors'] as const;

/** A model read from a Hugging Face folder. */
export type Checkpoint = {
  readonly config: ModelConfig;
  readonly parameters: Parameters;
};

/**
 * Reads a checkpoint folder strictly: every tensor of the config, and no other, finite, in the right shape. Sharded
 * checkpoints are read by their index. Throws `checkpoint_missing`, `checkpoint_corrupt`, `unsupported_model` or
 * `parameter_mismatch`.
 */
export async function loadCheckpoint(folder: string): Promise<Checkpoint> {
  try {
    return await readCheckpoint(folder);
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    const message = `The model in ${folder} cannot be used: ${error.message}. Fetch it again, or name another folder.`;
    throw new ModelError(error.code as ModelErrorCode, message, { cause: error });
  }
}

async function readCheckpoint(folder: string): Promise<Checkpoint> {
  const config = parseModelConfig(await readJson(folder, 'config.json'));
  const parameters = new Map(await loadTensors(folder));
  // Some exporters store the tied head a second time.
  if (config.tiedEmbeddings) parameters.delete('lm_head.weight');
  requireParameters(config, parameters);
  return { config, parameters };
}

/**
 * Of the one file, where there is one: its hash is what names a model (`CHECKPOINT_FILES`), so nothing else may stand in for it.
 * Only without it, of the shards that an index names.
 */
async function loadTensors(folder: string): Promise<Parameters> {
  const whole = await readOptional(join(folder, 'model.safetensors'));
  if (whole !== null) return decodeSafetensors(whole, 'model.safetensors');
  const index = await readOptional(join(folder, 'model.safetensors.index.json'));
  if (index === null) throw missing(folder, 'model.safetensors');
  const map = (JSON.parse(new TextDecoder().decode(index)) as { weight_map?: Record<string, string> })
    .weight_map;
  if (map === undefined)
    throw new ModelError('checkpoint_corrupt', 'model.safetensors.index.json has no weight_map');
  const parameters = new Map<string, ReturnType<Parameters['get']> & {}>();
  for (const file of new Set(Object.values(map))) {
    if (!/^[\w.-]+\.safetensors$/.test(file)) {
      throw new ModelError(
        'checkpoint_corrupt',
        `model.safetensors.index.json names the file ${JSON.stringify(file)}`,
      );
    }
    for (const [name, value] of decodeSafetensors(await readRequired(folder, file), file))
      parameters.set(name, value);
  }
  return parameters;
}

async function readJson(folder: string, file: string): Promise<unknown> {
  const bytes = await readRequired(folder, file);
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new ModelError('checkpoint_corrupt', `${join(folder, file)} is not JSON`, { cause });
  }
}

async function readRequired(folder: string, file: string): Promise<Uint8Array> {
  const bytes = await readOptional(join(folder, file));
  if (bytes !== null) return bytes;
  throw missing(folder, file);
}

function missing(folder: string, file: string): ModelError {
  return new ModelError(
    'checkpoint_missing',
    `${join(folder, file)} does not exist; give a folder with config.json, tokenizer.json and model.safetensors`,
  );
}

async function readOptional(path: string): Promise<Uint8Array | null> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
