import { decodeTokenShard, type Sequences, sequencesOf, type TokenShard } from '@connito/model';
import type { RunDefinition, Source } from '@connito/protocol';
import type { RunContext } from './context.ts';
import { runError } from './errors.ts';

const MAX_SHARD_BYTES = 1 << 30;

/** A held-out source's sequences: one from each document that is long enough, `[count, tokens + 1]`. */
export type SequencePool = {
  readonly source: string;
  readonly domain: string;
  readonly count: number;
  readonly tokens: number;
  readonly data: Int32Array;
};

/** The run's tokenised texts, fetched once by hash and kept. */
export class TokenSources {
  readonly #context: Pick<RunContext, 'definition' | 'store'>;
  readonly #shards = new Map<string, Promise<TokenShard>>();
  readonly #pools = new Map<string, Promise<SequencePool>>();

  constructor(context: Pick<RunContext, 'definition' | 'store'>) {
    this.#context = context;
  }

  shard(id: string): Promise<TokenShard> {
    return remember(this.#shards, id, async () => {
      const source = sourceOf(this.#context.definition, id);
      const bytes = await this.#context.store.get(source.artifact, { maxBytes: MAX_SHARD_BYTES });
      const shard = decodeTokenShard(bytes, { maxBytes: MAX_SHARD_BYTES, maxDocuments: source.documents });
      const documents = shard.offsets.length - 1;
      if (documents !== source.documents || shard.tokens.length !== source.tokens) {
        const found = `${documents} documents and ${shard.tokens.length} tokens`;
        throw runError('source_unusable', `Source "${id}" has ${found}, not what the run definition says.`, {
          id,
        });
      }
      return shard;
    });
  }

  pool(id: string): Promise<SequencePool> {
    return remember(this.#pools, id, async () => {
      const { domain } = sourceOf(this.#context.definition, id);
      const tokens = this.#context.definition.scoring.sequenceTokens;
      const pool = sequencesOf(await this.shard(id), tokens);
      return { source: id, domain, count: pool.documents.length, tokens, data: pool.tokens };
    });
  }
}

/** The rows of a pool with the given numbers. */
export function pick(pool: SequencePool, rows: readonly number[]): Sequences {
  return pickAcross(
    pool.tokens,
    rows.map((row) => ({ pool, row })),
  );
}

/** Rows of several pools of equal sequence length. */
export function pickAcross(
  tokens: number,
  rows: readonly { readonly pool: SequencePool; readonly row: number }[],
): Sequences {
  const width = tokens + 1;
  const data = new Int32Array(rows.length * width);
  rows.forEach(({ pool, row }, i) => {
    data.set(pool.data.subarray(row * width, (row + 1) * width), i * width);
  });
  return { count: rows.length, tokens, data };
}

export function sourceOf(definition: RunDefinition, id: string): Source {
  const source = definition.sources.find((candidate) => candidate.id === id);
  if (source === undefined)
    throw runError('source_unusable', `The run definition has no source "${id}".`, { id });
  return source;
}

/** Runs `make` once for a key; a failure is forgotten, so that the next call tries again. */
function remember<T>(cache: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  let value = cache.get(key);
  if (value === undefined) {
    value = make();
    cache.set(key, value);
    value.catch(() => cache.delete(key));
  }
  return value;
}
