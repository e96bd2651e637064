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
export { type CheckResult, checkOf, checkResults } from './checks.ts';
export {
  BundleDecoder,
  type BundleFault,
  type DecodedBundle,
  type ValueSink,
} from './codec/bundle-decoder.ts';
export { BundleEncoder, type BundleSummary, type EncodedChunk } from './codec/bundle-encoder.ts';
export { type BundleEntry, type BundleLayout, bundleLayout, type ChunkPlace } from './codec/bundle-layout.ts';
export { CODEC_KINDS, type CodecChoice, type CodecKind, codecOf } from './codec/codec.ts';
export { type DecodedDelta, decodeDelta, type EncodedDelta, encodeDelta } from './codec/delta-codec.ts';
export { carriedResidual, type UpdateFate } from './codec/error-feedback.ts';
export type { ValueCodec } from './codec/value-codec.ts';
export { agreedContributions } from './consensus/agreed-contributions.ts';
export {
  type Attestation,
  type AttestedInputs,
  attestedInputs,
  canonicalState,
  type ScaleVote,
  type StateVerdict,
  type StateVote,
  type VotedSteps,
  votedSteps,
} from './consensus/agreement.ts';
export { type ConsensusScore, type CountedReport, consensusScores } from './consensus/consensus-scores.ts';
export {
  encodeMergeReport,
  type GroupMerge,
  MAX_MERGE_REPORT_BYTES,
  type MergeReport,
  mergeReportSchema,
  parseMergeReport,
  signMergeReport,
} from './consensus/merge-report.ts';
export {
  type DuplicateVerdict,
  encodeReport,
  MAX_REPORT_BYTES,
  type MinerOutcome,
  parseReport,
  type Report,
  reasonSchema,
  reportSchema,
  type Signed,
  signReport,
} from './consensus/report.ts';
export { type ReportFault, reportFault } from './consensus/report-fault.ts';
export {
  exceedsQuorum,
  lowerWeightedMedian,
  type StakeTable,
  stakeOf,
  totalStake,
} from './consensus/stake.ts';
export {
  type ComparedWork,
  type Comparison,
  type Duplicate,
  type DuplicateCandidate,
  EarlierWorks,
  findDuplicates,
  type PastUpdate,
  type Similarity,
} from './duplicates/find-duplicates.ts';
export {
  cosine,
  functionalSimilarity,
  responseSimilarity,
  weightSimilarity,
} from './duplicates/similarity.ts';
export { createSketcher, type Sketcher, type UpdateSketch } from './duplicates/update-sketch.ts';
export { chainWeights, MAX_CHAIN_WEIGHT } from './emission/chain-weights.ts';
export { type GroupCredits, groupCredits, LEAST_UPDATES_TO_LEAVE_ONE_OUT } from './emission/credit.ts';
export { type YumaInput, type YumaResult, yumaEpoch } from './emission/yuma.ts';
export { concatBytes, equalBytes, fromHex, toHex, utf8 } from './encoding/bytes.ts';
export {
  type CanonicalLimits,
  type CanonicalValue,
  decodeCanonical,
  encodeCanonical,
} from './encoding/canonical-json.ts';
export { DECIMAL_ONE, decimalNumber, decimalUnits } from './encoding/decimal.ts';
export {
  type CreateSha256,
  createSha256,
  type DomainTag,
  type Sha256,
  type Sha256Stream,
  sha256,
  sha256Hex,
  taggedHash,
  taggedHashHex,
} from './encoding/hash.ts';
export { SeededRandom } from './encoding/random.ts';
export {
  artifactHashSchema,
  decimalSchema,
  expertGroupIdSchema,
  hotkeySchema,
  MAX_UIDS,
  nameSchema,
  nanoNatsSchema,
  roundSchema,
  runIdSchema,
  signatureSchema,
  stateHashSchema,
  uidSchema,
} from './encoding/schema.ts';
export { isSignedBy, signDocument, signingMessage } from './encoding/signed-document.ts';
export { type Sign, type Verify, verifySr25519 } from './encoding/sr25519.ts';
export { hotkeyOf, isHotkey, publicKeyOf } from './encoding/ss58.ts';
export {
  type Advice,
  ConnitoError,
  type ErrorDetails,
  type ErrorOptions,
  type ProtocolErrorCode,
} from './errors.ts';
export type { MergeColumns } from './merge/merge-columns.ts';
export { type AcceptedUpdate, clipFactors, mergeDelta, normOf } from './merge/merge-delta.ts';
export { type MergeRule, type MergeRuleKind, mergeRuleOf } from './merge/merge-rule.ts';
export { outerStep } from './merge/outer-step.ts';
export { type ScoredUpdate, selectUpdates } from './merge/select-updates.ts';
export {
  type DecodedNote,
  decodeNote,
  encodeNote,
  type Note,
  type NoteKind,
  ZERO_STEP,
} from './note/ledger-note.ts';
export {
  declaredGroups,
  type PlacedNote,
  type RawNote,
  type RoundNoteKind,
  readNotes,
  type Submission,
  submissionOf,
  submissionsOf,
} from './note/note-log.ts';
export { explainReason, REASON_CODES, REASONS, type Reason, type ReasonText } from './reasons.ts';
export { boundedTravel, isExcessive, longestTravel, travelOf } from './reveal/bounded-travel.ts';
export { openBundle, openBundleStream } from './reveal/bundle.ts';
export { commitmentOf, SALT_BYTES } from './reveal/commitment.ts';
export { type Manifest, manifestHashOf, manifestOf, manifestSchema, type Work } from './reveal/manifest.ts';
export {
  checkReveal,
  encodeReveal,
  MAX_REVEAL_BYTES,
  type Reveal,
  type RevealEvidence,
  type RevealRules,
  type RevealVerdict,
  revealSchema,
  signReveal,
} from './reveal/reveal.ts';
export {
  type Assignment,
  assignGroups,
  assignRound,
  type DataShare,
  dataShares,
  type RegisteredMiner,
} from './round/assignment.ts';
export {
  type BlockWindow,
  evaluationSeedBlock,
  isInWindow,
  MERGE_STEPS,
  type MergeStep,
  PHASES,
  type Phase,
  type PhasePoint,
  phaseAt,
  roundLengthBlocks,
  roundWindow,
  WINDOW_NAMES,
  type WindowName,
  windowOf,
} from './round/phase.ts';
export { differingFields } from './run/differing-fields.ts';
export {
  decodeRunDefinition,
  encodeRunDefinition,
  parseRunDefinition,
  runIdOf,
} from './run/parse-run-definition.ts';
export {
  type Architecture,
  type CodecParameters,
  type DuplicateParameters,
  type ExpertGroup,
  MAX_GROUPS,
  type MergeParameters,
  type Quorum,
  type RunDefinition,
  runDefinitionSchema,
  type Schedule,
  type ScoringParameters,
  type Source,
} from './run/run-definition.ts';
export {
  type DrawPurpose,
  drawAcrossPools,
  drawSequences,
  type PooledDocument,
  roundRandom,
} from './scoring/draw-sequences.ts';
export { isFutile } from './scoring/futility.ts';
export { MAX_LOSS_NATS, NANO_NATS_PER_NAT, toNanoNats } from './scoring/nano-nats.ts';
export {
  lowerConfidenceBound,
  type PairedStatistics,
  pairedDifferences,
  pairedStatistics,
} from './scoring/paired-statistics.ts';
export {
  type IntegerStatistics,
  type MeasuredLosses,
  type Score,
  scoreFromNanoNats,
  scoreFutile,
  scoreUpdate,
} from './scoring/score-update.ts';
export { studentQuantile } from './scoring/student-t.ts';
export { DTYPES, type Dtype, float32Length } from './tensor/dtype.ts';
export {
  EXPERT_PROJECTIONS,
  type ExpertProjection,
  expertsOf,
  expertTensorName,
  expertTensorShape,
  groupOf,
  groupTensors,
  MOMENTUM_PREFIX,
} from './tensor/expert-tensors.ts';
export {
  type BuiltState,
  buildState,
  encodeStateDocument,
  type GroupState,
  parseStateDocument,
  readSlice,
  type SliceKind,
  type StateDocument,
  sliceIndexOf,
} from './tensor/state-document.ts';
export {
  elementsOf,
  float32Bytes,
  readFloat32,
  type Tensor,
  type TensorMap,
  type TensorSpec,
} from './tensor/tensor.ts';
export { MAX_TENSORS, type StateIdentity, stateHashOf, type TensorEntry } from './tensor/tensor-table.ts';
