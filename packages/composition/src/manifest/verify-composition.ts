import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { CHECKPOINT_FILES } from '@connito/model';
import { fileError } from '@connito/node';
import { type ArtifactHash, verifySr25519 } from '@connito/protocol';
import { compositionError } from '../errors.ts';
import {
  COMPOSITION_FILE,
  type CompositionManifest,
  type FileIdentity,
  parseComposition,
} from './composition-manifest.ts';

/** Files of a model's folder that say how it reads and writes text. A composition takes its base's over as they are. */
export const TOKENIZER_FILES = [
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'chat_template.jinja',
  'generation_config.json',
] as const;

/** Size and sha256 of a file, read in pieces. */
export async function identifyFile(folder: string, path: string): Promise<FileIdentity> {
  const hash = createHash('sha256');
  const whole = join(folder, path);
  try {
    await pipeline(createReadStream(whole), hash);
    return { path, bytes: (await stat(whole)).size, sha256: hash.digest('hex') as ArtifactHash };
  } catch (error) {
    throw fileError(error, whole);
  }
}

/**
 * Reads and checks a composed folder: the manifest and its signature, then every file by hash. The manifest must name the whole
 * checkpoint, and no file beside those that it names may change what is loaded from the folder. Null where the folder has no
 * manifest, as a plain checkpoint. Fails with `composition_malformed` naming the file.
 */
export async function verifyComposition(folder: string): Promise<CompositionManifest | null> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(join(folder, COMPOSITION_FILE));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw fileError(error, join(folder, COMPOSITION_FILE));
  }
  const manifest = parseComposition(bytes, verifySr25519);
  const named = new Set(manifest.files.map(({ path }) => path));
  for (const path of CHECKPOINT_FILES) {
    if (named.has(path)) continue;
    const message = `${join(folder, COMPOSITION_FILE)} does not name ${path}, so it says nothing of what would be loaded. Compose it again.`;
    throw compositionError('composition_malformed', message, { path });
  }
  for (const path of await readdir(folder)) {
    if (named.has(path) || !decides(path)) continue;
    const message = `${join(folder, path)} is not named in ${COMPOSITION_FILE}, and would change what is loaded. Take it out of the folder.`;
    throw compositionError('composition_malformed', message, { path });
  }
  for (const file of manifest.files) {
    const found = await identifyFile(folder, file.path);
    if (found.sha256 === file.sha256) continue;
    const message = `${join(folder, file.path)} has sha256 ${found.sha256}, but ${COMPOSITION_FILE} names ${file.sha256}: one of the two was changed. Compose it again.`;
    throw compositionError('composition_malformed', message, { path: file.path });
  }
  return manifest;
}

/** Whether some loader reads a file of that name: parameters in any form, or how text is read and written. */
function decides(path: string): boolean {
  return (
    /\.(safetensors|gguf|bin|pt|pth)$|\.index\.json$/.test(path) ||
    (TOKENIZER_FILES as readonly string[]).includes(path)
  );
}
