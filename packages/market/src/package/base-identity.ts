import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type CanonicalValue, encodeCanonical, runDefinitionSchema, taggedHashHex } from '@connito/protocol';
import { z } from 'zod';
import { marketError } from '../errors.ts';

const { files, architecture } = runDefinitionSchema.shape.baseModel.shape;

/** The model whose experts a package replaces: every file by hash, as in the run definition. */
export const baseIdentitySchema = z.strictObject({
  /** `baseHashOf(files)`, so that two packages' bases compare by one string. */
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  files,
  architecture,
});
export type BaseIdentity = z.infer<typeof baseIdentitySchema>;

/** One hash for a whole base model. The order of its files does not matter. */
export function baseHashOf(listed: BaseIdentity['files']): string {
  const ordered = [...listed].sort((a, b) => (a.path < b.path ? -1 : 1));
  return taggedHashHex('connito/1/base-model', encodeCanonical(ordered as CanonicalValue));
}

/**
 * A model folder that packages are compared with. A file is hashed once, however many packages ask.
 *
 * @example
 * const base = new BaseFolder('models/foundation');
 * for (const { manifest } of packages) await base.require(manifest);
 */
export class BaseFolder {
  readonly folder: string;
  readonly #hashes = new Map<string, Promise<string | null>>();

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Fails with `package_wrong_base`, naming every file that differs. */
  async require(manifest: { readonly name: string; readonly base: BaseIdentity }): Promise<void> {
    const differing: string[] = [];
    for (const { path, sha256 } of manifest.base.files) {
      if ((await this.#hashOf(path)) !== sha256) differing.push(path);
    }
    if (differing.length === 0) return;
    const message = `${manifest.name} was made for another base model than the one in ${this.folder}: ${differing.join(', ')} differ. Use the base it was made for, or a package made for this one.`;
    throw marketError('package_wrong_base', message, { name: manifest.name, files: differing.join(',') });
  }

  /** Null where there is no such file. */
  #hashOf(path: string): Promise<string | null> {
    let hash = this.#hashes.get(path);
    if (hash === undefined) {
      hash = hashOfFile(join(this.folder, path));
      this.#hashes.set(path, hash);
    }
    return hash;
  }
}

async function hashOfFile(path: string): Promise<string | null> {
  const digest = createHash('sha256');
  try {
    await pipeline(createReadStream(path), digest);
  } catch {
    return null;
  }
  return digest.digest('hex');
}
