import { SeededRandom, taggedHash, utf8 } from '@connito/protocol';
import type { Domain } from '../corpus/corpus.ts';
import { documentCount, type TokenShard } from '../corpus/token-shard.ts';
import { trainingBatches } from '../corpus/training-batches.ts';
import type { FoundationRecipe } from './recipe.ts';

/**
 * Endless batches `[sequencesPerStep, sequenceTokens + 1]` of which each sequence comes from a domain drawn by the recipe's
 * mixture. Depends on the recipe's seed alone, so a resumed run skips what it has seen.
 */
export function* mixtureBatches(
  recipe: FoundationRecipe,
  shards: ReadonlyMap<Domain, TokenShard>,
): Generator<Int32Array, never> {
  const { seed, sequencesPerStep, sequenceTokens } = recipe;
  const random = new SeededRandom(taggedHash('connito/1/foundation-mixture', utf8(seed)));
  const streams = new Map<Domain, Generator<Int32Array, never>>();
  for (const [domain, shard] of shards) {
    const documents = Array.from({ length: documentCount(shard) }, (_, i) => i);
    const options = { sequencesPerStep: 1, sequenceTokens, seed: `${seed}/${domain}` };
    streams.set(domain, trainingBatches(shard, documents, options));
  }
  const shares = Object.entries(recipe.mixture) as [Domain, number][];
  const draw = (): Domain => {
    let left = random.nextFloat();
    for (const [domain, share] of shares) {
      left -= share;
      if (left < 0) return domain;
    }
    return shares.at(-1)![0];
  };
  const width = sequenceTokens + 1;
  for (;;) {
    const batch = new Int32Array(sequencesPerStep * width);
    for (let i = 0; i < sequencesPerStep; i++) batch.set(streams.get(draw())!.next().value, i * width);
    yield batch;
  }
}
