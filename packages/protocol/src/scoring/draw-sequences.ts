import type { RunId } from '../brand.ts';
import { fromHex, uint32Bytes, utf8 } from '../encoding/bytes.ts';
import { taggedHash } from '../encoding/hash.ts';
import { SeededRandom } from '../encoding/random.ts';

/** What a draw is for; each purpose gets a stream of its own from the same seed. */
export type DrawPurpose = {
  readonly run: RunId;
  readonly round: number;
  /** Such as `domain/law`, `general/general-test` or `general-position/7`. */
  readonly label: string;
};

/**
 * A generator for one purpose of one round, seeded by a block hash (64 hex digits) that did not exist while anything
 * could still be revealed.
 */
export function roundRandom(blockHash: string, { run, round, label }: DrawPurpose): SeededRandom {
  return new SeededRandom(
    taggedHash('connito/1/draw', fromHex(run, 32), uint32Bytes(round), utf8(label), fromHex(blockHash, 32)),
  );
}

/**
 * Numbers of `count` different documents of a pool of `poolSize`, in random order: at most one sequence comes from each
 * document, since sequences of one document are not independent evidence.
 */
export function drawSequences(
  blockHash: string,
  purpose: DrawPurpose,
  poolSize: number,
  count: number,
): number[] {
  return roundRandom(blockHash, purpose).sample(poolSize, count);
}

/** A document of one of several pools. */
export type PooledDocument = { readonly source: string; readonly document: number };

/** `count` different documents of several pools together, each document equally likely. */
export function drawAcrossPools(
  blockHash: string,
  purpose: DrawPurpose,
  pools: readonly { readonly source: string; readonly documents: number }[],
  count: number,
): PooledDocument[] {
  const total = pools.reduce((sum, pool) => sum + pool.documents, 0);
  return drawSequences(blockHash, purpose, total, count).map((position) => {
    let document = position;
    for (const pool of pools) {
      if (document < pool.documents) return { source: pool.source, document };
      document -= pool.documents;
    }
    throw new RangeError('unreachable: positions are below the total');
  });
}
