import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CHECKPOINT_FILES, ModelError } from '@connito/model';
import type { RunDefinition } from '@connito/protocol';
import { hashFile, runError } from '@connito/run';

/** The model that comes with the repository. */
export const SHIPPED_MODEL = fileURLToPath(new URL('../../../../models/foundation', import.meta.url));

/** Fails with `checkpoint_missing`, naming the first file that a model folder lacks. */
export async function requireModelFiles(folder: string): Promise<void> {
  for (const file of CHECKPOINT_FILES) {
    const path = join(folder, file);
    await access(path).catch((cause: unknown) => {
      const shipped =
        folder === SHIPPED_MODEL
          ? ' The shipped model is incomplete: fetch the repository again, or make one with "connito foundation train".'
          : ' Give a folder with config.json, tokenizer.json and model.safetensors of a Qwen3-MoE model.';
      throw new ModelError('checkpoint_missing', `${path} cannot be read.${shipped}`, { cause });
    });
  }
}

/** Fails with `base_model_mismatch`, naming every file that is not the run's. */
export async function requireRunsModel(folder: string, definition: RunDefinition): Promise<void> {
  await requireModelFiles(folder);
  const differing: string[] = [];
  for (const { path, sha256 } of definition.baseModel.files) {
    if ((await hashFile(join(folder, path))) !== sha256) differing.push(path);
  }
  if (differing.length === 0) return;
  const message = `The model in ${folder} is not the one this network adapts; these files differ: ${differing.join(', ')}. Restore them, name the right folder with --model, or start a new network in another directory with --dir.`;
  throw runError('base_model_mismatch', message, { folder, files: differing.join(',') });
}
