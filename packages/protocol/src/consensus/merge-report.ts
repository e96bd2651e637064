import { z } from 'zod';
import type { Hotkey } from '../brand.ts';
import { decodeCanonical, encodeCanonical } from '../encoding/canonical-json.ts';
import {
  countSchema,
  decimalSchema,
  expertGroupIdSchema,
  hotkeySchema,
  MAX_UIDS,
  nanoNatsSchema,
  roundSchema,
  runIdSchema,
  signatureSchema,
  stateHashSchema,
  uidSchema,
} from '../encoding/schema.ts';
import { isSignedBy, signDocument } from '../encoding/signed-document.ts';
import type { Sign, Verify } from '../encoding/sr25519.ts';
import { protocolError } from '../errors.ts';
import { MAX_GROUPS } from '../run/run-definition.ts';
import type { Signed } from './report.ts';

export const MAX_MERGE_REPORT_BYTES = 4 << 20;
const MERGE_REPORT_TAG = 'connito/1/merge-report';

/** The merged model at one step scale, measured like a submission. Null where a loss was not finite. */
const scaleMeasurementSchema = z.strictObject({
  scale: decimalSchema,
  gainMeanNanoNats: nanoNatsSchema.nullable(),
  gainLowerNanoNats: nanoNatsSchema.nullable(),
  generalRiseMeanNanoNats: nanoNatsSchema.nullable(),
  generalRiseLowerNanoNats: nanoNatsSchema.nullable(),
});

const groupMergeSchema = z.strictObject({
  group: expertGroupIdSchema,
  /** Updates merged, by uid, with the consensus scores that weighed them. */
  accepted: z.array(z.strictObject({ uid: uidSchema, scoreNanoNats: nanoNatsSchema.min(1) })).max(MAX_UIDS),
  scales: z.array(scaleMeasurementSchema).max(16),
  /** The vote: index into `merge.scales`, or 255 for no step. */
  vote: countSchema.max(255),
  /**
   * What the step loses without each update: mean gain of the step voted for, less that of the same step without it, and the
   * bounds of the paired difference. Measured where at least two updates were merged and the vote is for a step.
   */
  leaveOneOut: z
    .array(
      z.strictObject({
        uid: uidSchema,
        contributionNanoNats: nanoNatsSchema,
        lowerNanoNats: nanoNatsSchema,
        upperNanoNats: nanoNatsSchema,
      }),
    )
    .max(MAX_UIDS),
});

export const mergeReportSchema = z.strictObject({
  protocol: z.literal('connito/1'),
  run: runIdSchema,
  round: roundSchema,
  validator: hotkeySchema,
  baseState: stateHashSchema,
  build: z.string().max(256),
  groups: z.array(groupMergeSchema).max(MAX_GROUPS),
});
/** What a validator measured of the candidate merge, and how it votes on the step. */
export type MergeReport = z.infer<typeof mergeReportSchema>;
export type GroupMerge = MergeReport['groups'][number];

export async function signMergeReport(report: MergeReport, sign: Sign): Promise<Signed<MergeReport>> {
  return { document: report, signature: await signDocument(MERGE_REPORT_TAG, report, sign) };
}

export function encodeMergeReport({ document, signature }: Signed<MergeReport>): Uint8Array {
  return encodeCanonical({ document, signature });
}

const signedSchema = z.strictObject({ document: mergeReportSchema, signature: signatureSchema });

/** Reads a signed merge report. Fails with `not_canonical_bytes` or `invalid_document`. */
export function parseMergeReport(
  bytes: Uint8Array,
  expected: { readonly run: string; readonly round: number; readonly validator: Hotkey },
  verify: Verify,
): MergeReport {
  const parsed = signedSchema.safeParse(decodeCanonical(bytes, { maxBytes: MAX_MERGE_REPORT_BYTES }));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw protocolError('invalid_document', `Merge report: ${issue?.path.join('.')}: ${issue?.message}.`);
  }
  const { document, signature } = parsed.data;
  for (const field of ['run', 'round', 'validator'] as const) {
    if (document[field] !== expected[field]) {
      throw protocolError(
        'invalid_document',
        `Merge report: ${field} is ${document[field]}, not ${expected[field]}.`,
      );
    }
  }
  if (!isSignedBy(document.validator, MERGE_REPORT_TAG, document, signature, verify)) {
    const message = `Merge report: not signed by ${document.validator}.`;
    throw protocolError('invalid_document', message, {}, { advice: 'penalise' });
  }
  return document;
}
