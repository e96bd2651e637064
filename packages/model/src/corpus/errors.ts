import { ConnitoError, type ErrorDetails } from '@connito/protocol';

/**
 * - `corpus_missing`: the npm package that holds the texts is not installed, or lacks the expected files
 * - `shard_malformed`: bytes are not a token shard
 * - `shard_too_large`: a shard is larger than its reader allows
 * - `shard_too_small`: a shard has too few tokens for what was asked of it
 */
export type CorpusErrorCode = 'corpus_missing' | 'shard_malformed' | 'shard_too_large' | 'shard_too_small';

/** What can go wrong with corpora and token shards. */
export class CorpusError extends ConnitoError {
  constructor(code: CorpusErrorCode, message: string, details: ErrorDetails = {}) {
    const foreign = code === 'shard_malformed' || code === 'shard_too_large';
    super(code, message, { advice: foreign ? 'reject' : 'fatal', details });
  }
}
