import { z } from 'zod';
import type { Hotkey } from '../brand.ts';
import { decodeCanonical, encodeCanonical } from '../encoding/canonical-json.ts';
import {
  countSchema,
  expertGroupIdSchema,
  hotkeySchema,
  MAX_UIDS,
  nanoNatsSchema,
  positiveSchema,
  roundSchema,
  runIdSchema,
  signatureSchema,
  stateHashSchema,
  uidSchema,
} from '../encoding/schema.ts';
import { isSignedBy, signDocument } from '../encoding/signed-document.ts';
import type { Sign, Verify } from '../encoding/sr25519.ts';
import { protocolError } from '../errors.ts';
import { REASON_CODES, type Reason } from '../reasons.ts';
import { MAX_GROUPS } from '../run/run-definition.ts';
import { MAX_LOSS_NATS, NANO_NATS_PER_NAT } from '../scoring/nano-nats.ts';

/** 256 miners with 4096 losses of at most 12 digits each, twice over. */
export const MAX_REPORT_BYTES = 32 << 20;
const MAX_SEQUENCES = 65_536;
const REPORT_TAG = 'connito/1/report';

export const reasonSchema = z.enum(REASON_CODES as [Reason, ...Reason[]]);

const lossNanoNats = nanoNatsSchema
  .min(-MAX_LOSS_NATS * NANO_NATS_PER_NAT)
  .max(MAX_LOSS_NATS * NANO_NATS_PER_NAT);
const lossesSchema = z.array(lossNanoNats).max(MAX_SEQUENCES);

const statisticsSchema = z.strictObject({
  n: countSchema,
  meanNanoNats: nanoNatsSchema,
  lowerNanoNats: nanoNatsSchema,
  upperNanoNats: nanoNatsSchema,
});

/** Similarities are in millionths, −1,000,000 to 1,000,000. */
const similarityMillionths = z.int().min(-1_000_000).max(1_000_000);

const duplicateVerdictSchema = z.strictObject({
  reason: z.enum(['duplicate_of', 'stale_delta']),
  of: hotkeySchema,
  round: roundSchema,
  weightCosineMillionths: similarityMillionths,
  responseCosineMillionths: similarityMillionths,
  partialExcessMillionths: similarityMillionths,
  functionalMillionths: similarityMillionths,
});

const identity = { uid: uidSchema, hotkey: hotkeySchema, group: expertGroupIdSchema } as const;

/** One miner's outcome. A duplicate keeps its measured score here: whether it counts is decided by stake. */
const outcomeSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('scored'),
    ...identity,
    scoreNanoNats: nanoNatsSchema.min(0),
    reason: z.enum(['no_gain', 'general_regression']).nullable(),
    domain: statisticsSchema,
    generalRise: statisticsSchema,
    chargeNanoNats: nanoNatsSchema.min(0),
    worstGeneralRiseNanoNats: nanoNatsSchema,
    domainAfter: lossesSchema,
    generalAfter: lossesSchema,
    duplicate: duplicateVerdictSchema.nullable(),
  }),
  z.strictObject({
    kind: z.literal('futile'),
    ...identity,
    reason: z.literal('futile'),
    domain: statisticsSchema,
    domainAfter: lossesSchema,
  }),
  /** Fails a check: every honest validator finds the same. */
  z.strictObject({ kind: z.literal('invalid'), ...identity, reason: reasonSchema, why: z.string().max(512) }),
  /** This validator could not say; it counts neither for nor against the miner. */
  z.strictObject({
    kind: z.literal('abstained'),
    ...identity,
    reason: z.enum(['validator_abstained', 'bundle_missing', 'reveal_missing', 'unavailable']),
  }),
]);
export type MinerOutcome = z.infer<typeof outcomeSchema>;
export type DuplicateVerdict = z.infer<typeof duplicateVerdictSchema>;

/** Which sequences a group was measured on, and the baselines all its miners are paired with. */
const groupBaselineSchema = z.strictObject({
  group: expertGroupIdSchema,
  domainDocuments: z.array(countSchema).max(MAX_SEQUENCES),
  domainBefore: lossesSchema,
  generalDocuments: z
    .array(z.strictObject({ source: z.string().max(64), document: countSchema }))
    .max(MAX_SEQUENCES),
  generalBase: lossesSchema,
  generalBefore: lossesSchema,
});

export const reportSchema = z.strictObject({
  protocol: z.literal('connito/1'),
  run: runIdSchema,
  round: roundSchema,
  validator: hotkeySchema,
  baseState: stateHashSchema,
  /** Names model build and arithmetic: scores are comparable exactly within one, within a tolerance across. */
  build: z.string().max(256),
  evaluationSeedBlock: positiveSchema,
  baselines: z.array(groupBaselineSchema).max(MAX_GROUPS),
  /** By uid, ascending. */
  outcomes: z.array(outcomeSchema).max(MAX_UIDS),
});
/** A validator's results for one round; every number an integer, every score recomputable from the losses beside it. */
export type Report = z.infer<typeof reportSchema>;

export type Signed<Document> = { readonly document: Document; readonly signature: string };

export async function signReport(report: Report, sign: Sign): Promise<Signed<Report>> {
  return { document: report, signature: await signDocument(REPORT_TAG, report, sign) };
}

export function encodeReport({ document, signature }: Signed<Report>): Uint8Array {
  return encodeCanonical({ document, signature });
}

const signedReportSchema = z.strictObject({ document: reportSchema, signature: signatureSchema });

/**
 * Reads a signed report of a validator for a round. Fails with `not_canonical_bytes` or `invalid_document` where the
 * bytes are not one, are someone else's, or list a miner twice.
 */
export function parseReport(
  bytes: Uint8Array,
  expected: { readonly run: string; readonly round: number; readonly validator: Hotkey },
  verify: Verify,
): Report {
  const parsed = signedReportSchema.safeParse(decodeCanonical(bytes, { maxBytes: MAX_REPORT_BYTES }));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw protocolError('invalid_document', `Report: ${issue?.path.join('.')}: ${issue?.message}.`);
  }
  const { document, signature } = parsed.data;
  for (const field of ['run', 'round', 'validator'] as const) {
    if (document[field] !== expected[field]) {
      throw protocolError(
        'invalid_document',
        `Report: ${field} is ${document[field]}, not ${expected[field]}.`,
      );
    }
  }
  if (document.outcomes.some(({ uid }, i) => i > 0 && document.outcomes[i - 1]!.uid >= uid)) {
    throw protocolError('invalid_document', 'Report: outcomes are not in strictly ascending order of uid.');
  }
  if (!isSignedBy(document.validator, REPORT_TAG, document, signature, verify)) {
    throw protocolError(
      'invalid_document',
      `Report: not signed by ${document.validator}.`,
      {},
      { advice: 'penalise' },
    );
  }
  return document;
}
