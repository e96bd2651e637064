import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { baseHashOf, decodeIndex, type PackageIndex } from '@connito/market';
import { fileError } from '@connito/node';
import { hashFile } from '@connito/run';

/** An index from its file, every notice checked. Fails with `document_refused` or `file_unusable`. */
export async function readIndex(path: string): Promise<PackageIndex> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw fileError(error, path);
  }
  return decodeIndex(bytes);
}

/** The base hash that packages made for a model folder carry. */
export async function baseHashOfFolder(folder: string, paths: readonly string[]): Promise<string> {
  const files = await Promise.all(
    paths.map(async (path) => ({
      path,
      bytes: (await stat(join(folder, path))).size,
      sha256: await hashFile(join(folder, path)),
    })),
  );
  return baseHashOf(files);
}
