import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type ModelConfig, toHuggingFaceConfig } from '../config.ts';
import type { Parameters } from '../parameters.ts';
import { replaceFile } from './durable-file.ts';
import { encodeSafetensors } from './safetensors.ts';

/** Writes `config.json` and `model.safetensors` of a Hugging Face checkpoint folder. */
export async function saveCheckpoint(
  folder: string,
  config: ModelConfig,
  parameters: Parameters,
  type: 'F32' | 'BF16',
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const hf = { ...toHuggingFaceConfig(config), torch_dtype: type === 'F32' ? 'float32' : 'bfloat16' };
  await replaceFile(join(folder, 'config.json'), `${JSON.stringify(hf, null, 2)}\n`);
  await replaceFile(join(folder, 'model.safetensors'), encodeSafetensors(parameters, type));
}
