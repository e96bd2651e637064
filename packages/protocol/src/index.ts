/**
 * What every role agrees on, as pure functions of plain data: encodings, run definition, phases, assignment,
 * commitment, codecs, scoring, merge and consensus. No I/O, no clock, no randomness of its own.
 *
 * @example
 * const definition = decodeRunDefinition(bytes);
 * const point = phaseAt(head.number + 1, definition.schedule);
 * if (point.phase === 'train') await train(point.round);
 */
export type { ArtifactHash, ExpertGroupId, Hotkey, RunId, StateHash, Uid } from './brand.ts';
export { concatBytes, equalBytes, fromHex, toHex, utf8 } from './encoding/bytes.ts';
export {
  type CanonicalLimits,
  type CanonicalValue,
  decodeCanonical,
  encodeCanonical,
} from './encoding/canonical-json.ts';
export {
  type DomainTag,
  type Sha256,
  sha256,
  sha256Hex,
  taggedHash,
  taggedHashHex,
} from './encoding/hash.ts';
export { SeededRandom } from './encoding/random.ts';
export {
  type Advice,
  ConnitoError,
  type ErrorDetails,
  type ErrorOptions,
  type ProtocolErrorCode,
} from './errors.ts';
