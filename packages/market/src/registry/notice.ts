import {
  type CanonicalValue,
  hotkeySchema,
  isSignedBy,
  type Sign,
  signatureSchema,
  signDocument,
  type Verify,
} from '@connito/protocol';
import { z } from 'zod';
import { marketError } from '../errors.ts';
import { packageIdSchema } from '../package/expert-manifest.ts';
import { packageNameSchema, packageVersionSchema } from '../package/package-name.ts';

const NOTICE_TAG = 'connito/1/package-notice';

/**
 * What a publisher says of a version after publishing it:
 * - `deprecate`: still usable, but there is something better
 * - `rollback`: not chosen any more where a range would; `replacement` is the older version to go back to
 * - `restore`: takes back the two above
 * - `revoke`: must not be installed or used; never taken back
 */
export const NOTICE_KINDS = ['deprecate', 'rollback', 'restore', 'revoke'] as const;
export type NoticeKind = (typeof NOTICE_KINDS)[number];

const noticeSchema = z.strictObject({
  notice: z.strictObject({
    kind: z.enum(NOTICE_KINDS),
    name: packageNameSchema,
    version: packageVersionSchema,
    /** So that a notice cannot be turned on another package of that name. */
    package: packageIdSchema,
    /** Rises with every notice of a publisher about a version: the highest one holds. */
    sequence: z.int().min(0),
    replacement: packageVersionSchema.nullable(),
    reason: z.string().min(1).max(512),
    publisher: hotkeySchema,
  }),
  signature: signatureSchema,
});
export type SignedNotice = z.infer<typeof noticeSchema>;
export type Notice = SignedNotice['notice'];
export const signedNoticeSchema = noticeSchema;

export async function signNotice(notice: Notice, sign: Sign): Promise<SignedNotice> {
  const { data, error } = noticeSchema.shape.notice.safeParse(notice);
  if (data === undefined) {
    const [issue] = error.issues;
    const message = `A notice is malformed at ${issue?.path.join('.')}: ${issue?.message}.`;
    throw marketError('document_refused', message);
  }
  return { notice: data, signature: await signDocument(NOTICE_TAG, data as CanonicalValue, sign) };
}

/** Fails with `document_refused` unless the notice is signed by the publisher it names. */
export function requireNotice({ notice, signature }: SignedNotice, verify: Verify): void {
  if (isSignedBy(notice.publisher, NOTICE_TAG, notice as CanonicalValue, signature, verify)) return;
  const message = `A notice about ${notice.name} ${notice.version} is not signed by ${notice.publisher}.`;
  throw marketError('document_refused', message, { name: notice.name, version: notice.version });
}
