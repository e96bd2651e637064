import type { Hotkey, Uid } from '../brand.ts';
import { toHex, utf8 } from '../encoding/bytes.ts';
import { decimalNumber } from '../encoding/decimal.ts';
import { taggedHash } from '../encoding/hash.ts';
import type { DuplicateParameters } from '../run/run-definition.ts';
import { EarlierSpan, type SpanComparison } from './earlier-span.ts';
import { directionOf, functionalSimilarity, responseSimilarity, weightSimilarity } from './similarity.ts';
import type { UpdateSketch } from './update-sketch.ts';

/** A valid, revealed update of one group in this round. */
export type DuplicateCandidate = {
  readonly uid: Uid;
  readonly hotkey: Hotkey;
  readonly commitBlock: number;
  readonly sketch: UpdateSketch;
  /** Per-sequence loss differences, or null where not measured. */
  readonly fingerprint: ArrayLike<number> | null;
};

/** A valid update of the same group in one of the last `lookbackRounds` rounds, sketched anew with this round's seed. */
export type PastUpdate = {
  readonly hotkey: Hotkey;
  readonly round: number;
  readonly commitBlock: number;
  readonly sketch: UpdateSketch;
};

export type Similarity = {
  readonly weightCosine: number;
  readonly responseCosine: number;
  /**
   * By how much the partial cosine, in weights or responses, exceeds what honest works can have; see `EarlierWorks`. Below 0
   * for most.
   */
  readonly partialExcess: number;
  /** 0 where a fingerprint is missing. */
  readonly functional: number;
};

export type Duplicate = Similarity & {
  readonly uid: Uid;
  /** `stale_delta` where the earlier work is the miner's own. */
  readonly reason: 'duplicate_of' | 'stale_delta';
  /** The earliest work it repeats. */
  readonly of: Hotkey;
  readonly round: number;
};

/** Work to be compared with all earlier work. */
export type ComparedWork = Pick<DuplicateCandidate, 'hotkey' | 'sketch' | 'fingerprint'> & {
  readonly round: number;
};

/** Earlier work, and how like it a new one is. */
export type Comparison = Similarity & {
  /** The earliest work that the earlier one repeats: itself, unless it is a duplicate. */
  readonly of: Hotkey;
  readonly round: number;
};

/**
 * Which updates of one group repeat earlier work. Only the earlier of two matching updates stands: by round, then by
 * block of the commitment, ties by a hash of the round's seed and the hotkey, so that neither a low uid nor a place
 * within the block helps. An update that came first is never a duplicate of a later one, whatever is revealed to
 * discredit it.
 *
 * Two updates match where the weight cosine, the response cosine or the partial excess reaches its threshold, or where one of
 * the first two reaches `supportingCosine` and the functional correlation its own. Miners that start from one state and
 * train on shares of one domain are correlated by honest work, which partial cosines take away; see `EarlierSpan`. The
 * thresholds are the run definition's, and `bench/copy-detection` measures what they catch.
 */
export function findDuplicates(
  candidates: readonly DuplicateCandidate[],
  history: readonly PastUpdate[],
  round: number,
  parameters: DuplicateParameters,
  seed: Uint8Array,
): Duplicate[] {
  const isSameWork = matcherOf(parameters);
  const earlier = new EarlierWorks();
  const oldest = round - parameters.lookbackRounds;
  const past = history.filter((work) => work.round < round && work.round >= oldest);
  for (const work of inOrderOfCommitment(past, seed)) {
    const own = { ...work, fingerprint: null };
    earlier.add(own, earlier.compare(own).find(isSameWork) ?? null);
  }
  const duplicates: Duplicate[] = [];
  for (const candidate of inOrderOfCommitment(candidates, seed)) {
    const own = { ...candidate, round };
    const match = earlier.compare(own).find(isSameWork) ?? null;
    if (match !== null) {
      const reason = match.of === candidate.hotkey ? 'stale_delta' : 'duplicate_of';
      duplicates.push({ uid: candidate.uid, reason, ...match });
    }
    earlier.add(own, match);
  }
  return duplicates.sort((a, b) => a.uid - b.uid);
}

/**
 * The works of one group in order of commitment.
 *
 * If `k` other works share as much with each other as with the two compared (all cosines ρ), the partial cosine of honest
 * work is `ρ / (1 + kρ)`, at most `1 / (1 + k)` however alike all of them are. `partialExcess` is what it has beyond that bound, so
 * that one threshold fits any number of works. Others count as far as they share (`SpanComparison.sharing`): nobody's noise makes
 * the bound tighter for honest work. A strong negative partial cosine counts too: nobody reverses what is another's
 * own by chance, and such a work could hide or discredit others.
 */
export class EarlierWorks {
  readonly #works: (ComparedWork & { readonly of: Hotkey; readonly place: number | null })[] = [];
  readonly #weights = new EarlierSpan();
  readonly #responses = new EarlierSpan();
  #standing = 0;

  /** Compares a new work with each one before it, the earliest first. */
  compare({ sketch, fingerprint }: ComparedWork): Comparison[] {
    const weights = this.#weights.compare(directionOf(sketch.weights));
    const responses = this.#responses.compare(directionOf(sketch.responses));
    const excess = ({ partialCosines, sharing }: SpanComparison, place: number): number =>
      Math.abs(partialCosines[place]!) - 1 / (1 + sharing[place]!);
    const excessOf = (place: number): number => Math.max(excess(weights, place), excess(responses, place));
    return this.#works.map(({ of, round, place, ...earlier }) => {
      const comparable = fingerprint !== null && earlier.fingerprint?.length === fingerprint.length;
      return {
        ...{ of, round },
        weightCosine: weightSimilarity(sketch, earlier.sketch),
        responseCosine: responseSimilarity(sketch, earlier.sketch),
        partialExcess: place === null ? -1 : excessOf(place),
        functional: comparable ? functionalSimilarity(fingerprint, earlier.fingerprint!) : 0,
      };
    });
  }

  /**
   * Adds a work, and the one that it repeats, if any. A duplicate still stands in the way of copies of itself, on behalf of
   * what it repeats. But it says nothing about what others share: copies sent beforehand must not explain a later one away.
   */
  add(work: ComparedWork, repeats: Pick<Comparison, 'of' | 'round'> | null): void {
    if (repeats !== null) {
      this.#works.push({ ...work, ...{ of: repeats.of, round: repeats.round }, place: null });
      return;
    }
    this.#works.push({ ...work, of: work.hotkey, place: this.#standing++ });
    this.#weights.add(directionOf(work.sketch.weights));
    this.#responses.add(directionOf(work.sketch.responses));
  }
}

function inOrderOfCommitment<Work extends { hotkey: Hotkey; commitBlock: number; round?: number }>(
  works: readonly Work[],
  seed: Uint8Array,
): Work[] {
  return works
    .map((work) => ({ work, tie: toHex(taggedHash('connito/1/duplicate-tie', seed, utf8(work.hotkey))) }))
    .sort((a, b) => a.work.commitBlock - b.work.commitBlock || (a.tie < b.tie ? -1 : 1))
    .map(({ work }) => work);
}

function matcherOf(parameters: DuplicateParameters): (similarity: Similarity) => boolean {
  const maxCosine = decimalNumber(parameters.maxCosine);
  const maxResponse = decimalNumber(parameters.maxResponseCosine);
  const maxExcess = decimalNumber(parameters.maxPartialExcess);
  const maxFunctional = decimalNumber(parameters.maxFunctionalCorrelation);
  const supporting = decimalNumber(parameters.supportingCosine);
  return ({ weightCosine, responseCosine, partialExcess, functional }) =>
    weightCosine >= maxCosine ||
    responseCosine >= maxResponse ||
    partialExcess >= maxExcess ||
    (functional >= maxFunctional && Math.max(weightCosine, responseCosine) >= supporting);
}
