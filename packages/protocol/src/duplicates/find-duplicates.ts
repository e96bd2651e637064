import type { Hotkey, Uid } from '../brand.ts';
import { toHex, utf8 } from '../encoding/bytes.ts';
import { decimalNumber } from '../encoding/decimal.ts';
import { taggedHash } from '../encoding/hash.ts';
import type { DuplicateParameters } from '../run/run-definition.ts';
import { functionalSimilarity, responseSimilarity, weightSimilarity } from './similarity.ts';
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
export type PastUpdate = { readonly hotkey: Hotkey; readonly round: number; readonly sketch: UpdateSketch };

export type Similarity = {
  readonly weightCosine: number;
  readonly responseCosine: number;
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

type Original = { readonly of: Hotkey; readonly round: number };
type Earlier = Original & {
  readonly sketch: UpdateSketch;
  readonly fingerprint: ArrayLike<number> | null;
};

/**
 * Which updates of one group repeat earlier work. Only the earlier of two matching updates stands: by round, then by
 * block of the commitment, ties by a hash of the round's seed and the hotkey, so that neither a low uid nor a place
 * within the block helps. An update that came first is never a duplicate of a later one, whatever is revealed to
 * discredit it.
 *
 * Two updates match where the weight cosine or the response cosine reaches its threshold, or where one of them reaches
 * `supportingCosine` and the functional correlation its own. Miners that start from one state and train on shares of one
 * domain are correlated by honest work; a copy with independent noise of equal norm has cosine 0.71. The thresholds are
 * the run definition's, and trade the one against the other.
 */
export function findDuplicates(
  candidates: readonly DuplicateCandidate[],
  history: readonly PastUpdate[],
  round: number,
  parameters: DuplicateParameters,
  seed: Uint8Array,
): Duplicate[] {
  const isSameWork = matcherOf(parameters);
  const earlier: Earlier[] = history
    .filter((past) => past.round < round && past.round >= round - parameters.lookbackRounds)
    .sort((a, b) => a.round - b.round || (a.hotkey < b.hotkey ? -1 : 1))
    .map((past) => ({ of: past.hotkey, round: past.round, sketch: past.sketch, fingerprint: null }));

  const duplicates: Duplicate[] = [];
  for (const candidate of inOrderOfCommitment(candidates, seed)) {
    let original: Original = { of: candidate.hotkey, round };
    for (const other of earlier) {
      const similarity = similarityOf(candidate, other);
      if (!isSameWork(similarity)) continue;
      original = { of: other.of, round: other.round };
      const reason = other.of === candidate.hotkey ? 'stale_delta' : 'duplicate_of';
      duplicates.push({ uid: candidate.uid, reason, ...original, ...similarity });
      break;
    }
    // A duplicate still stands in the way of copies of itself, on behalf of what it repeats.
    earlier.push({ ...original, sketch: candidate.sketch, fingerprint: candidate.fingerprint });
  }
  return duplicates.sort((a, b) => a.uid - b.uid);
}

function inOrderOfCommitment(
  candidates: readonly DuplicateCandidate[],
  seed: Uint8Array,
): DuplicateCandidate[] {
  return candidates
    .map((candidate) => ({
      candidate,
      tie: toHex(taggedHash('connito/1/duplicate-tie', seed, utf8(candidate.hotkey))),
    }))
    .sort((a, b) => a.candidate.commitBlock - b.candidate.commitBlock || (a.tie < b.tie ? -1 : 1))
    .map(({ candidate }) => candidate);
}

function similarityOf(candidate: DuplicateCandidate, other: Earlier): Similarity {
  const comparable =
    candidate.fingerprint !== null && other.fingerprint?.length === candidate.fingerprint.length;
  return {
    weightCosine: weightSimilarity(candidate.sketch, other.sketch),
    responseCosine: responseSimilarity(candidate.sketch, other.sketch),
    functional: comparable ? functionalSimilarity(candidate.fingerprint, other.fingerprint!) : 0,
  };
}

function matcherOf(parameters: DuplicateParameters): (similarity: Similarity) => boolean {
  const maxCosine = decimalNumber(parameters.maxCosine);
  const maxResponse = decimalNumber(parameters.maxResponseCosine);
  const maxFunctional = decimalNumber(parameters.maxFunctionalCorrelation);
  const supporting = decimalNumber(parameters.supportingCosine);
  return ({ weightCosine, responseCosine, functional }) =>
    weightCosine >= maxCosine ||
    responseCosine >= maxResponse ||
    (functional >= maxFunctional && Math.max(weightCosine, responseCosine) >= supporting);
}
