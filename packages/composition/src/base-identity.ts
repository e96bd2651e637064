import { type BaseIdentity, baseHashOf } from '@connito/market';
import { CHECKPOINT_FILES } from '@connito/model';
import { identifyFile } from './manifest/verify-composition.ts';

/** The hash by which packages name a base model, of the model in a folder. */
export async function baseHashOfFolder(folder: string): Promise<string> {
  const files: BaseIdentity['files'] = [];
  for (const path of CHECKPOINT_FILES) files.push(await identifyFile(folder, path));
  return baseHashOf(files);
}
