import type { Uid } from '../brand.ts';
import { toHex, utf8 } from '../encoding/bytes.ts';
import { taggedHash } from '../encoding/hash.ts';

export type ScoredUpdate = {
  readonly uid: Uid;
  readonly hotkey: string;
  /** Consensus score; 0 for anything not accepted. */
  readonly scoreNanoNats: number;
};

/**
 * The updates a group merges: positive scores only, the `maxUpdates` highest, ties by a hash of the round's seed and the
 * hotkey (no uid is ever preferred). Returned in uid order, the order in which merging sums.
 */
export function selectUpdates<Update extends ScoredUpdate>(
  updates: readonly Update[],
  maxUpdates: number,
  seed: Uint8Array,
): Update[] {
  const tieBreaker = (update: Update) => toHex(taggedHash('connito/1/merge-tie', seed, utf8(update.hotkey)));
  return updates
    .filter((update) => update.scoreNanoNats > 0)
    .map((update) => ({ update, tie: tieBreaker(update) }))
    .sort((a, b) => b.update.scoreNanoNats - a.update.scoreNanoNats || (a.tie < b.tie ? -1 : 1))
    .slice(0, maxUpdates)
    .map(({ update }) => update)
    .sort((a, b) => a.uid - b.uid);
}
