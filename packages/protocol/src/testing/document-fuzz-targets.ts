import { getPublicKey, secretFromSeed } from '@scure/sr25519';
import type { ArtifactHash, ExpertGroupId, StateHash, Uid } from '../brand.ts';
import { encodeDelta } from '../codec/delta-codec.ts';
import { encodeMergeReport, parseMergeReport } from '../consensus/merge-report.ts';
import { encodeReport, parseReport, type Report } from '../consensus/report.ts';
import { reportFault } from '../consensus/report-fault.ts';
import { equalBytes, utf8 } from '../encoding/bytes.ts';
import { type CanonicalValue, decodeCanonical, encodeCanonical } from '../encoding/canonical-json.ts';
import { sha256, sha256Hex, taggedHashHex } from '../encoding/hash.ts';
import { hotkeyOf } from '../encoding/ss58.ts';
import { ConnitoError } from '../errors.ts';
import { decodeNote, encodeNote, type Note } from '../note/ledger-note.ts';
import { commitmentOf } from '../reveal/commitment.ts';
import { manifestOf } from '../reveal/manifest.ts';
import { checkReveal, encodeReveal } from '../reveal/reveal.ts';
import { decodeRunDefinition, encodeRunDefinition, runIdOf } from '../run/parse-run-definition.ts';
import { groupTensors } from '../tensor/expert-tensors.ts';
import { buildState, encodeStateDocument, parseStateDocument } from '../tensor/state-document.ts';
import { fuzzDecodeDelta, fuzzMutatedBundle } from './codec-fuzz-targets.ts';
import { exampleRun, randomTensors } from './example-run.ts';
import type { FuzzTarget } from './fuzz-input.ts';

const definition = exampleRun();
const run = runIdOf(definition);
const [group] = definition.groups;
const hotkey = hotkeyOf(getPublicKey(secretFromSeed(new Uint8Array(32).fill(9))));
const digest = (label: string) => taggedHashHex('connito/1/test', utf8(label));
const baseState = digest('state') as StateHash;
const signature = 'ab'.repeat(64);
const salt = digest('salt');
/** Signatures are another's business: all pass, so that what lies behind them is reached. */
const verify = () => true;

/** Parsers of everything that nodes get from each other, without the decoders of bundles. */
export function documentFuzzTargets(): FuzzTarget[] {
  return [
    canonicalTarget(),
    noteTarget(),
    revealTarget(),
    reportTarget(),
    mergeReportTarget(),
    stateTarget(),
    runTarget(),
  ];
}

/** Decoders of bundles, whose own first bytes say what the rest is for. */
export function codecFuzzTargets(): FuzzTarget[] {
  return [
    { name: 'bundle', valid: [], maxRandomBytes: 300, run: fuzzDecodeDelta },
    { name: 'changed bundle', valid: [], maxRandomBytes: 60, run: fuzzMutatedBundle },
  ];
}

function canonicalTarget(): FuzzTarget {
  const values: CanonicalValue[] = [
    { a: [1, 2, { b: null }], é: 'x\u0007"\\', z: [[[[true]]]] },
    [9_007_199_254_740_991, -1, '', '\u{1f600}', {}],
    '\u2028',
  ];
  return {
    name: 'canonical JSON',
    valid: values.map((value) => encodeCanonical(value)),
    maxRandomBytes: 64,
    run: (bytes) => {
      const value = accepted(() => decodeCanonical(bytes, { maxBytes: 4096 }), ['not_canonical_bytes']);
      if (value !== REFUSED) requireEqual(encodeCanonical(value), bytes);
    },
  };
}

function noteTarget(): FuzzTarget {
  const hash = digest('document') as ArtifactHash;
  const notes: Note[] = [
    { kind: 'declare', groups: [0, 5, 63] },
    { kind: 'commit', round: 7, group: 3, commitment: hash },
    { kind: 'reveal', round: 7, document: hash },
    { kind: 'report', round: 0xffff_ffff, report: hash },
    { kind: 'attest', round: 7, reveals: [0, 255] as Uid[], reports: [1] as Uid[] },
    { kind: 'vote', round: 7, mergeReport: hash, scales: [0, 255] },
    { kind: 'state', round: 7, state: baseState, document: hash },
  ];
  return {
    name: 'note',
    valid: notes.map(encodeNote),
    maxRandomBytes: 160,
    run: (bytes) => {
      const decoded = decodeNote(bytes);
      if (decoded.kind === 'note') requireEqual(encodeNote(decoded.note), bytes);
    },
  };
}

function revealTarget(): FuzzTarget {
  const { id } = group!;
  const specs = groupTensors(group!, definition.baseModel.architecture);
  const encoded = encodeDelta(definition.codec, randomTensors(specs, 'fuzz'));
  const work = { run, round: 3, group: id, hotkey, baseState, codec: definition.codec.kind };
  const manifest = manifestOf({ ...work, trainedTokens: 10, innerSteps: 2 }, encoded);
  const commitment = commitmentOf(manifest, salt);
  return {
    name: 'reveal and manifest',
    valid: [encodeReveal({ manifest, salt, signature })],
    maxRandomBytes: 200,
    run: (bytes) => {
      const document = sha256Hex(bytes);
      const place = { kind: 'submitted', hotkey, block: 5, index: 0 } as const;
      const verdict = checkReveal(
        {
          ...{ hotkey, round: 3, assignedGroup: id, baseState, document: bytes },
          commit: { ...place, note: { kind: 'commit', round: 3, group: 0, commitment } },
          reveal: { ...place, note: { kind: 'reveal', round: 3, document } },
        },
        { definition, run, verify },
      );
      // Only the manifest that was committed to passes.
      if (verdict.kind === 'valid')
        requireEqual(encodeCanonical(verdict.manifest), encodeCanonical(manifest));
    },
  };
}

function reportTarget(): FuzzTarget {
  const { domainSequences, generalSequences } = definition.scoring;
  const losses = (count: number) => Array.from({ length: count }, (_, j) => 2_000_000_000 + j);
  const identity = { hotkey, group: group!.id };
  const statistics = { n: 2, meanNanoNats: 1, lowerNanoNats: -1, upperNanoNats: 2 };
  const report: Report = {
    ...{
      protocol: 'connito/1',
      run,
      round: 3,
      validator: hotkey,
      baseState,
      build: 'fuzz',
      evaluationSeedBlock: 9,
    },
    baselines: [
      {
        group: group!.id,
        domainDocuments: losses(domainSequences).map((_, j) => j),
        domainBefore: losses(domainSequences),
        generalDocuments: losses(generalSequences).map((_, document) => ({ source: 'law', document })),
        generalBase: losses(generalSequences),
        generalBefore: losses(generalSequences),
      },
    ],
    outcomes: [
      { ...identity, kind: 'abstained', uid: 1 as Uid, reason: 'bundle_missing' },
      { ...identity, kind: 'invalid', uid: 2 as Uid, reason: 'no_commitment', why: 'none' },
      {
        ...identity,
        kind: 'futile',
        uid: 3 as Uid,
        reason: 'futile',
        domain: statistics,
        domainAfter: losses(9),
      },
      {
        ...{
          ...identity,
          kind: 'scored',
          uid: 4 as Uid,
          scoreNanoNats: 0,
          reason: 'no_gain',
          domain: statistics,
        },
        ...{ generalRise: statistics, chargeNanoNats: 0, worstGeneralRiseNanoNats: 0, duplicate: null },
        ...{ domainAfter: losses(domainSequences), generalAfter: losses(generalSequences) },
      },
    ],
  };
  return {
    name: 'report',
    valid: [encodeReport({ document: report, signature })],
    maxRandomBytes: 200,
    run: (bytes) => {
      const expected = { run, round: 3, validator: hotkey };
      const parsed = accepted(() => parseReport(bytes, expected, verify), DOCUMENT_CODES);
      if (parsed !== REFUSED) reportFault(parsed, definition);
    },
  };
}

function mergeReportTarget(): FuzzTarget {
  const figures = {
    gainMeanNanoNats: 5,
    gainLowerNanoNats: 1,
    generalRiseMeanNanoNats: null,
    generalRiseLowerNanoNats: 0,
  };
  const document = {
    ...{ protocol: 'connito/1' as const, run, round: 3, validator: hotkey, baseState, build: 'fuzz' },
    groups: [
      {
        group: group!.id as ExpertGroupId,
        accepted: [{ uid: 4 as Uid, scoreNanoNats: 17 }],
        scales: [{ scale: '1', ...figures }],
        vote: 0,
        leaveOneOut: [{ uid: 4 as Uid, contributionNanoNats: 3, lowerNanoNats: 1, upperNanoNats: 5 }],
      },
    ],
  };
  return {
    name: 'merge report',
    valid: [encodeMergeReport({ document, signature })],
    maxRandomBytes: 200,
    run: (bytes) => {
      const expected = { run, round: 3, validator: hotkey };
      accepted(() => parseMergeReport(bytes, expected, verify), DOCUMENT_CODES);
    },
  };
}

function stateTarget(): FuzzTarget {
  const groups = new Map(
    definition.groups.map((own) => {
      const specs = groupTensors(own, definition.baseModel.architecture);
      return [own.id, { parameters: randomTensors(specs, 'p'), momentum: randomTensors(specs, 'm') }];
    }),
  );
  const { document } = buildState(definition, { round: 1, parent: baseState, groups });
  return {
    name: 'state document',
    valid: [encodeStateDocument(document)],
    maxRandomBytes: 200,
    run: (bytes) => {
      const parsed = accepted(
        () => parseStateDocument(bytes, definition),
        ['not_canonical_bytes', 'invalid_state'],
      );
      if (parsed !== REFUSED) requireEqual(encodeStateDocument(parsed.document), bytes);
    },
  };
}

function runTarget(): FuzzTarget {
  return {
    name: 'run definition',
    valid: [encodeRunDefinition(definition)],
    maxRandomBytes: 200,
    run: (bytes) => {
      const codes = ['not_canonical_bytes', 'invalid_run_definition'];
      const parsed = accepted(() => decodeRunDefinition(bytes), codes);
      if (parsed !== REFUSED) requireEqual(encodeRunDefinition(parsed), bytes);
    },
  };
}

const DOCUMENT_CODES = ['not_canonical_bytes', 'invalid_document'];
const REFUSED = Symbol('refused');

/** What a parser returns, or that it refused with one of the errors it documents. */
function accepted<T>(parse: () => T, codes: readonly string[]): T | typeof REFUSED {
  try {
    return parse();
  } catch (error) {
    if (error instanceof ConnitoError && codes.includes(error.code)) return REFUSED;
    throw error;
  }
}

function requireEqual(encoded: Uint8Array, bytes: Uint8Array): void {
  if (!equalBytes(encoded, bytes)) {
    throw new Error(`accepted ${bytes.length} bytes whose encoding is another, sha256 ${sha256(bytes)[0]}`);
  }
}
