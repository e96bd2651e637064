import { createHash } from 'node:crypto';
import { CorpusError } from './errors.ts';

/** A document as a shard holds it. */
export type TokenDocument = {
  readonly tokens: ArrayLike<number>;
  /** Name of the cluster; only its hash is stored. */
  readonly cluster: string;
};

/** Tokenised documents, in memory: `tokens[offsets[i]..offsets[i + 1]]` is document i. */
export type TokenShard = {
  /** Every token is below this. */
  readonly vocabularySize: number;
  /** `[documents + 1]` */
  readonly offsets: Uint32Array;
  /** For each document the first 8 bytes of the sha256 of its cluster's name, as 16 hex digits. */
  readonly clusters: readonly string[];
  /** `[tokens]`, all documents one after the other, without separators. */
  readonly tokens: Uint16Array;
};

/** Bounds a reader sets before anything is allocated. */
export type TokenShardLimits = {
  readonly maxBytes: number;
  readonly maxDocuments: number;
};

/*
 * Bytes, all little endian:
 *   0  magic "CNTS"        4  u32 version       8  u32 vocabularySize
 *  12  u32 documentCount  16  u32 tokenCount
 *  20  u32 tokens of each document  [documentCount]
 *      8-byte cluster hashes        [documentCount]
 *      u16 tokens                   [tokenCount]
 */
const MAGIC = 0x53544e43;
const VERSION = 1;
const HEADER_BYTES = 20;
const CLUSTER_BYTES = 8;
const DOCUMENT_BYTES = 4 + CLUSTER_BYTES;
const MAX_VOCABULARY = 65_536;

/** Number of documents in a shard. */
export function documentCount(shard: TokenShard): number {
  return shard.clusters.length;
}

/** The tokens of one document, without a copy. */
export function documentTokens(shard: TokenShard, index: number): Uint16Array {
  const [start, end] = [shard.offsets[index], shard.offsets[index + 1]];
  if (start === undefined || end === undefined) {
    throw new RangeError(`Document ${index} is not among the shard's ${documentCount(shard)}.`);
  }
  return shard.tokens.subarray(start, end);
}

/** The stored name of a cluster. */
export function clusterHash(cluster: string): string {
  return createHash('sha256')
    .update(cluster, 'utf8')
    .digest('hex')
    .slice(0, 2 * CLUSTER_BYTES);
}

/** Builds a shard in memory. Fails with a RangeError on a token outside the vocabulary. */
export function createTokenShard(documents: readonly TokenDocument[], vocabularySize: number): TokenShard {
  if (!Number.isInteger(vocabularySize) || vocabularySize < 1 || vocabularySize > MAX_VOCABULARY) {
    throw new RangeError(`Vocabulary size ${vocabularySize} is outside 1 to ${MAX_VOCABULARY}.`);
  }
  const offsets = new Uint32Array(documents.length + 1);
  for (const [index, document] of documents.entries()) {
    offsets[index + 1] = offsets[index]! + document.tokens.length;
  }
  const tokens = new Uint16Array(offsets.at(-1)!);
  for (const [index, document] of documents.entries()) {
    const start = offsets[index]!;
    for (let at = 0; at < document.tokens.length; at++) {
      const token = document.tokens[at]!;
      if (!Number.isInteger(token) || token < 0 || token >= vocabularySize) {
        throw new RangeError(
          `Token ${token} of document ${index} is outside the vocabulary of ${vocabularySize}.`,
        );
      }
      tokens[start + at] = token;
    }
  }
  return { vocabularySize, offsets, clusters: documents.map(({ cluster }) => clusterHash(cluster)), tokens };
}

/** A shard's canonical bytes: equal shards give equal bytes, so its hash names its content. */
export function encodeTokenShard(shard: TokenShard): Uint8Array {
  const count = documentCount(shard);
  const bytes = new Uint8Array(HEADER_BYTES + count * DOCUMENT_BYTES + shard.tokens.length * 2);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, VERSION, true);
  view.setUint32(8, shard.vocabularySize, true);
  view.setUint32(12, count, true);
  view.setUint32(16, shard.tokens.length, true);
  let at = HEADER_BYTES;
  for (let index = 0; index < count; index++, at += 4) {
    view.setUint32(at, shard.offsets[index + 1]! - shard.offsets[index]!, true);
  }
  for (const cluster of shard.clusters) {
    bytes.set(Buffer.from(cluster, 'hex'), at);
    at += CLUSTER_BYTES;
  }
  for (const token of shard.tokens) {
    view.setUint16(at, token, true);
    at += 2;
  }
  return bytes;
}

/** Reads a shard from untrusted bytes. Every size is checked against the bytes present before it is allocated. */
export function decodeTokenShard(bytes: Uint8Array, limits: TokenShardLimits): TokenShard {
  if (bytes.length > limits.maxBytes) throw tooLarge('bytes', bytes.length, limits.maxBytes);
  if (bytes.length < HEADER_BYTES) throw malformed('it ends inside the header', { bytes: bytes.length });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== MAGIC) throw malformed('it does not start with "CNTS"', {});
  const version = view.getUint32(4, true);
  if (version !== VERSION) throw malformed(`version ${version} is unknown`, { version });
  const vocabularySize = view.getUint32(8, true);
  if (vocabularySize < 1 || vocabularySize > MAX_VOCABULARY) {
    throw malformed(`vocabulary size ${vocabularySize} is out of range`, { vocabularySize });
  }
  const count = view.getUint32(12, true);
  const tokenCount = view.getUint32(16, true);
  if (count > limits.maxDocuments) throw tooLarge('documents', count, limits.maxDocuments);
  const expected = HEADER_BYTES + count * DOCUMENT_BYTES + tokenCount * 2;
  if (bytes.length !== expected) {
    throw malformed(`its header asks for ${expected} bytes and it has ${bytes.length}`, {
      expected,
      bytes: bytes.length,
    });
  }

  const offsets = new Uint32Array(count + 1);
  let total = 0;
  let at = HEADER_BYTES;
  for (let index = 0; index < count; index++, at += 4) {
    total += view.getUint32(at, true);
    if (total > tokenCount) throw malformed('its documents hold more tokens than its header says', { index });
    offsets[index + 1] = total;
  }
  if (total !== tokenCount)
    throw malformed('its documents hold fewer tokens than its header says', { total });
  const clusters: string[] = [];
  for (let index = 0; index < count; index++, at += CLUSTER_BYTES) {
    clusters.push(Buffer.from(bytes.subarray(at, at + CLUSTER_BYTES)).toString('hex'));
  }
  const tokens = new Uint16Array(tokenCount);
  for (let index = 0; index < tokenCount; index++, at += 2) {
    const token = view.getUint16(at, true);
    if (token >= vocabularySize)
      throw malformed(`token ${token} is outside its vocabulary`, { index, token });
    tokens[index] = token;
  }
  return { vocabularySize, offsets, clusters, tokens };
}

function malformed(why: string, details: Record<string, number>): CorpusError {
  return new CorpusError('shard_malformed', `Not a valid token shard: ${why}.`, details);
}

function tooLarge(what: string, value: number, limit: number): CorpusError {
  return new CorpusError('shard_too_large', `The token shard has ${value} ${what}; the limit is ${limit}.`, {
    value,
    limit,
  });
}
