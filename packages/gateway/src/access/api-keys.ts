import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileError } from '@connito/node';
import { gatewayError } from '../errors.ts';

export type ApiKey = { readonly name: string; readonly isAdmin: boolean };

/** Short keys can be guessed. */
const MIN_KEY_LENGTH = 16;

/** Who may use the server. Only hashes of the keys are kept. */
export class ApiKeys {
  readonly #byHash: ReadonlyMap<string, ApiKey>;

  private constructor(byHash: ReadonlyMap<string, ApiKey>) {
    this.#byHash = byHash;
  }

  /**
   * A key, a name and, for those who may swap models, `admin`, on each line, separated by spaces; `#` begins a comment. Fails
   * with `api_keys_unusable`, naming the line.
   */
  static parse(text: string, origin: string): ApiKeys {
    const byHash = new Map<string, ApiKey>();
    text.split('\n').forEach((line, index) => {
      const words = line.replace(/#.*/, '').trim().split(/\s+/).filter(Boolean);
      if (words.length === 0) return;
      const [key = '', name, role] = words;
      const wrong =
        words.length > 3 || name === undefined || (role !== undefined && role !== 'admin')
          ? 'must be a key, a name and perhaps "admin"'
          : key.length < MIN_KEY_LENGTH
            ? `has a key of less than ${MIN_KEY_LENGTH} characters`
            : byHash.has(hashOf(key))
              ? 'repeats a key'
              : null;
      if (wrong !== null) throw gatewayError('api_keys_unusable', `Line ${index + 1} of ${origin} ${wrong}.`);
      byHash.set(hashOf(key), { name: name!, isAdmin: role === 'admin' });
    });
    if (byHash.size === 0) throw gatewayError('api_keys_unusable', `${origin} holds no key.`);
    return new ApiKeys(byHash);
  }

  static async load(path: string): Promise<ApiKeys> {
    const text = await readFile(path, 'utf8').catch((error: unknown) => {
      throw fileError(error, path);
    });
    return ApiKeys.parse(text, path);
  }

  /** Whose key this is, or null. Looked up by hash, so that timing tells nothing of the keys. */
  find(key: string): ApiKey | null {
    return this.#byHash.get(hashOf(key)) ?? null;
  }
}

function hashOf(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}
