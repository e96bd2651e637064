/** Why a corpus or a token shard could not be used. */
export type CorpusErrorCode =
  /** The npm package that holds the texts is not installed, or lacks the expected files. */
  | 'corpus_missing'
  /** Bytes are not a token shard, or break one of its bounds. */
  | 'shard_malformed'
  /** A shard is larger than the caller allows. */
  | 'shard_too_large'
  /** The shard has too few tokens for what was asked. */
  | 'shard_too_small';

/** The one error class of corpora and shards. */
export class CorpusError extends Error {
  readonly code: CorpusErrorCode;
  readonly details: Readonly<Record<string, string | number>>;

  constructor(
    code: CorpusErrorCode,
    message: string,
    details: Readonly<Record<string, string | number>> = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'CorpusError';
    this.code = code;
    this.details = details;
  }
}
