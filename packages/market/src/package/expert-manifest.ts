import {
  type ArtifactHash,
  artifactHashSchema,
  type CanonicalValue,
  decodeCanonical,
  type ExpertGroup,
  elementsOf,
  encodeCanonical,
  expertGroupIdSchema,
  float32Length,
  fromHex,
  groupTensors,
  hotkeySchema,
  MAX_TENSORS,
  nameSchema,
  nanoNatsSchema,
  roundSchema,
  runDefinitionSchema,
  runIdSchema,
  type Sign,
  signatureSchema,
  signDocument,
  signingMessage,
  stateHashSchema,
  taggedHashHex,
  type Verify,
} from '@connito/protocol';
import { z } from 'zod';
import { marketError } from '../errors.ts';
import { baseHashOf, baseIdentitySchema } from './base-identity.ts';
import { HASHED_FILES, PACKAGE_FILES, REQUIRED_FILES } from './layout.ts';
import { packageNameSchema, packageVersionSchema } from './package-name.ts';

/** Names the format, and separates its hashes and signatures from all others. */
export const PACKAGE_FORMAT = 'connito/1/expert-package';
/** A whole, in the unit of shares. */
export const SHARE_UNITS = 1_000_000_000;
const MAX_MANIFEST_BYTES = 48 << 20;
const MAX_SIGNATURES = 64;
/** Miners of a run, over all its rounds. */
const MAX_CONTRIBUTORS = 65_536;

/** `PackageId` is the tagged hash of the manifest: the same wherever the package travels, whoever signed it too. */
declare const packageIdBrand: unique symbol;
export type PackageId = string & { readonly [packageIdBrand]: 'PackageId' };
export const packageIdSchema = z.string().regex(/^[0-9a-f]{64}$/) as unknown as z.ZodType<PackageId, string>;

const count = z.int().min(0);
const positive = z.int().min(1);
const { experts } = runDefinitionSchema.shape.groups.element.shape;
const source = z.strictObject({
  id: nameSchema,
  domain: nameSchema,
  artifact: artifactHashSchema,
  tokens: positive,
  licence: z.string().min(1).max(128),
});

/** Loss on one domain's reporting texts, base and package paired by sequence. All in nano-nats per token. */
const measurementSchema = z.strictObject({
  domain: nameSchema,
  /** `own`: what the package was trained for; `general`: what no group of the run trains on. */
  role: z.enum(['own', 'other', 'general']),
  source: artifactHashSchema,
  sequences: z.int().min(2),
  baseLossNanoNats: nanoNatsSchema,
  lossNanoNats: nanoNatsSchema,
  /** Base loss minus the package's: positive where it helps. Bounds of the two-sided 95 % interval. */
  gainNanoNats: nanoNatsSchema,
  lowerNanoNats: nanoNatsSchema,
  upperNanoNats: nanoNatsSchema,
});
export type Measurement = z.infer<typeof measurementSchema>;

const manifestSchema = z.strictObject({
  format: z.literal(PACKAGE_FORMAT),
  name: packageNameSchema,
  version: packageVersionSchema,
  description: z.string().min(1).max(512),
  /** SPDX identifiers joined by ` AND `. */
  licence: z.string().min(1).max(256),
  /** Whose signature the package cannot do without, and who may deprecate or revoke it. */
  publisher: hotkeySchema,
  /** What a million tokens that these experts answered cost, in the ledger's smallest unit. */
  pricePerMillionTokens: z.int().min(0).max(1e12),
  base: baseIdentitySchema,
  domain: nameSchema,
  group: expertGroupIdSchema,
  /** Expert numbers by layer number. */
  experts,
  /** The parameters in `experts.safetensors`, in name order. */
  tensors: z
    .array(
      z.strictObject({
        name: z.string().min(1).max(256),
        dtype: z.literal('F32'),
        shape: z
          .array(positive.max(2 ** 26))
          .min(1)
          .max(2),
        bytes: positive,
        sha256: artifactHashSchema,
      }),
    )
    .min(1)
    .max(MAX_TENSORS),
  files: z.array(z.strictObject({ path: z.enum(HASHED_FILES), bytes: count, sha256: artifactHashSchema })),
  lineage: z.strictObject({
    run: runIdSchema,
    /** The state whose parameters these are, and the round that made it. */
    state: stateHashSchema,
    lastRound: roundSchema,
    /** Rounds up to then in which the group took a step. */
    mergedRounds: positive,
    /** Who trained it, by what validators measured: parts of `SHARE_UNITS`, in order of hotkeys. */
    miners: z
      .array(z.strictObject({ hotkey: hotkeySchema, share: positive.max(SHARE_UNITS) }))
      .min(1)
      .max(MAX_CONTRIBUTORS),
    /** What it was trained on. */
    sources: z.array(source).min(1).max(64),
  }),
  evaluation: z.strictObject({
    sequenceTokens: positive,
    measurements: z.array(measurementSchema).min(1).max(256),
  }),
});

/** Everything a package says about itself. */
export type ExpertManifest = z.infer<typeof manifestSchema>;

const documentSchema = z.strictObject({
  manifest: manifestSchema,
  /** In order of hotkeys. */
  signatures: z
    .array(z.strictObject({ hotkey: hotkeySchema, signature: signatureSchema }))
    .max(MAX_SIGNATURES),
});

/** `expert.json`. */
export type ExpertDocument = z.infer<typeof documentSchema>;

export function packageIdOf(manifest: ExpertManifest): PackageId {
  return taggedHashHex(PACKAGE_FORMAT, encodeCanonical(manifest as CanonicalValue)) as PackageId;
}

/** The experts as a group of a run, which is what the protocol's tensor functions take. */
export function groupOfManifest(
  manifest: Pick<ExpertManifest, 'group' | 'domain' | 'experts'>,
): Pick<ExpertGroup, 'id' | 'domain' | 'experts'> {
  const { group, domain, experts: numbers } = manifest;
  return { id: group, domain, experts: numbers };
}

export function encodeExpertDocument(document: ExpertDocument): Uint8Array {
  return encodeCanonical(document as CanonicalValue);
}

/**
 * Reads `expert.json`: canonical bytes of the right shape that do not contradict themselves. Says nothing about signatures
 * yet. Fails with `package_malformed`.
 */
export function decodeExpertDocument(bytes: Uint8Array): ExpertDocument {
  let value: unknown;
  try {
    value = decodeCanonical(bytes, { maxBytes: MAX_MANIFEST_BYTES });
  } catch (cause) {
    throw malformed('it is not canonical JSON', cause);
  }
  const parsed = documentSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw malformed(`${issue?.path.join('.') || 'document'}: ${issue?.message}`);
  }
  requireConsistent(parsed.data);
  return parsed.data;
}

/** Fails with `package_malformed` where a manifest contradicts itself. */
export function requireConsistent({ manifest, signatures }: ExpertDocument): void {
  const { base, lineage, files, tensors } = manifest;
  if (base.hash !== baseHashOf(base.files)) throw malformed('base.hash is not the hash of base.files');
  if (!ascends(signatures.map(({ hotkey }) => hotkey)))
    throw malformed('signatures are not in order of hotkeys');
  if (!ascends(lineage.miners.map(({ hotkey }) => hotkey)))
    throw malformed('miners are not in order of hotkeys');
  const total = lineage.miners.reduce((sum, { share }) => sum + share, 0);
  if (total !== SHARE_UNITS) throw malformed(`the miners' shares sum to ${total}, not to ${SHARE_UNITS}`);
  if (!ascends(files.map(({ path }) => path))) throw malformed('files are not in order of their names');
  for (const path of HASHED_FILES) {
    if (REQUIRED_FILES.has(path) && !files.some((file) => file.path === path))
      throw malformed(`files does not name ${path}`);
  }
  const expected = groupTensors(groupOfManifest(manifest) as ExpertGroup, base.architecture);
  const { numHiddenLayers, numExperts } = base.architecture;
  for (const [layer, numbers] of Object.entries(manifest.experts)) {
    if (Number(layer) >= numHiddenLayers) throw malformed(`the base has no layer ${layer}`);
    if (numbers.some((expert) => expert >= numExperts))
      throw malformed(`layer ${layer} has an expert too many`);
    if (new Set(numbers).size !== numbers.length) throw malformed(`layer ${layer} names an expert twice`);
  }
  const fits =
    tensors.length === expected.length &&
    tensors.every(({ name, shape, bytes }, i) => {
      const { name: wanted, shape: wantedShape } = expected[i]!;
      return (
        name === wanted &&
        shape.join() === wantedShape.join() &&
        bytes === float32Length(elementsOf(wantedShape))
      );
    });
  if (!fits) throw malformed('the tensor table is not that of the named experts');
}

function ascends(values: readonly string[]): boolean {
  return values.every((value, i) => i === 0 || values[i - 1]! < value);
}

/** A document with one more signature, or with that hotkey's renewed. */
export async function signManifest(
  document: ExpertDocument,
  signer: { readonly hotkey: ExpertManifest['publisher']; readonly sign: Sign },
): Promise<ExpertDocument> {
  const { manifest } = document;
  const signature = await signDocument(PACKAGE_FORMAT, manifest as CanonicalValue, signer.sign);
  const others = document.signatures.filter(({ hotkey }) => hotkey !== signer.hotkey);
  const signatures = [...others, { hotkey: signer.hotkey, signature }].sort((a, b) =>
    a.hotkey < b.hotkey ? -1 : 1,
  );
  return { manifest, signatures };
}

/** Fails with `package_bad_signature` where one is false, and with `package_unsigned` where the publisher's is missing. */
export function requireSignatures({ manifest, signatures }: ExpertDocument, verify: Verify): void {
  const { name, version, publisher } = manifest;
  if (!signatures.some(({ hotkey }) => hotkey === publisher)) {
    const message = `${name} ${version} is not signed by its publisher ${publisher}. Sign it with "connito package sign".`;
    throw marketError('package_unsigned', message, { name, version, publisher });
  }
  // Once: a manifest may have megabytes, and dozens may have signed it.
  const signed = signingMessage(PACKAGE_FORMAT, manifest as CanonicalValue);
  for (const { hotkey, signature } of signatures) {
    if (verify(hotkey, signed, fromHex(signature))) continue;
    const message = `${name} ${version} carries a signature of ${hotkey} that does not fit its manifest: one of the two was changed. Fetch it again from somebody you trust.`;
    throw marketError('package_bad_signature', message, { name, version, hotkey });
  }
}

/** The row of a file that the manifest names. */
export function fileEntry(
  manifest: ExpertManifest,
  path: (typeof HASHED_FILES)[number],
): { readonly bytes: number; readonly sha256: ArtifactHash } | null {
  return manifest.files.find((file) => file.path === path) ?? null;
}

function malformed(why: string, cause?: unknown) {
  const message = `${PACKAGE_FILES.manifest} is refused: ${why}. The package is damaged or made by another program.`;
  return marketError('package_malformed', message, {}, cause);
}
