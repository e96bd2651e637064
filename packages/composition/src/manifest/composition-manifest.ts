import {
  type ArtifactHash,
  artifactHashSchema,
  type CanonicalValue,
  decimalSchema,
  decodeCanonical,
  encodeCanonical,
  hotkeySchema,
  isSignedBy,
  nameSchema,
  nanoNatsSchema,
  type Sign,
  signatureSchema,
  signDocument,
  type Verify,
} from '@connito/protocol';
import { z } from 'zod';
import { compositionError } from '../errors.ts';

/** Where a composed checkpoint folder holds its manifest. */
export const COMPOSITION_FILE = 'composition.json';
const COMPOSITION_TAG = 'connito/1/composition';
const MAX_MANIFEST_BYTES = 16 << 20;

const MAX_PACKAGES = 256;
const digest = z.string().regex(/^[0-9a-f]{64}$/, '64 lower-case hex digits');
const index = z.int().min(0).max(65_535);

/** Where one expert's matrices come from. `expert` is its number in the base model, `package` one in `packages`. */
const originSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('base'), expert: index }),
  z.strictObject({ kind: z.literal('trained'), package: index, expert: index }),
  z.strictObject({ kind: z.literal('companion'), package: index, expert: index }),
  z.strictObject({ kind: z.literal('spare'), expert: index }),
]);
export type ExpertOrigin = z.infer<typeof originSchema>;

const lossesSchema = z.array(z.strictObject({ domain: nameSchema, lossNanoNats: nanoNatsSchema })).max(256);

const evaluationSchema = z.strictObject({
  /** Part of the texts that was measured on. */
  text: nameSchema,
  sequenceTokens: z.int().min(1),
  sequences: z.array(z.strictObject({ domain: nameSchema, count: z.int().min(1) })).max(256),
  /** Mean losses in nano-nats per token of every model on every domain. */
  base: lossesSchema,
  composition: lossesSchema,
  average: lossesSchema,
  /** Each package alone, in the order of `packages`. */
  alone: z.array(lossesSchema).max(MAX_PACKAGES),
  bounds: z.strictObject({ minOracleRatio: decimalSchema, maxGeneralRise: decimalSchema }),
  /** What is beyond the bounds, one sentence each. */
  failures: z.array(z.string().min(1).max(512)).max(1024),
});
export type CompositionEvaluation = z.infer<typeof evaluationSchema>;

const documentSchema = z.strictObject({
  protocol: z.literal('connito/1'),
  name: nameSchema,
  author: hotkeySchema,
  /** The base model's hash, as packages name it, and its number of experts a layer. */
  base: z.strictObject({ hash: digest, experts: z.int().min(1).max(65_535) }),
  packages: z
    .array(
      z.strictObject({
        /** Name and version, as `@lab/law@1.2.0`. */
        id: z.string().min(1).max(256),
        domain: nameSchema,
        contentHash: digest,
        placement: z.enum(['in-place', 'added']),
      }),
    )
    .max(MAX_PACKAGES),
  router: z.strictObject({
    method: z.enum(['native', 'ridge', 'joint-ridge', 'ridge-gradient']),
    /** sha256 of the base's routing statistics that rows were solved from; null where none was. */
    baseStatistics: artifactHashSchema.nullable(),
    /** How rows were refined by gradient; null where they were not. */
    refinement: z
      .strictObject({
        steps: z.int().min(1),
        /** The step whose rows these are; 0: none was better than the rows in closed form. */
        chosen: z.int().min(0),
        /** Sequences of each text in a step. */
        sequences: z.int().min(1),
        learningRate: decimalSchema,
        /** Parts of the texts that gradients came from, and that the step was chosen by. */
        fitText: nameSchema,
        choiceText: nameSchema,
      })
      .nullable(),
  }),
  /** Experts of each layer, by their numbers in the composed checkpoint. */
  layers: z.array(z.array(originSchema).min(1).max(65_536)).min(1).max(4096),
  /** Every other file of the folder that the model needs. */
  files: z
    .array(
      z.strictObject({
        path: z.string().regex(/^[\w-][\w.-]{0,254}$/, 'a plain file name'),
        bytes: z.int().min(1),
        sha256: artifactHashSchema,
      }),
    )
    .min(1)
    .max(64),
  /** Null where nothing was measured. */
  evaluation: evaluationSchema.nullable(),
});

/** What a composed model consists of: base, packages, the origin of every expert, and how well it does. */
export type CompositionManifest = z.infer<typeof documentSchema>;

export type SignedComposition = { readonly document: CompositionManifest; readonly signature: string };

export async function signComposition(document: CompositionManifest, sign: Sign): Promise<SignedComposition> {
  return { document, signature: await signDocument(COMPOSITION_TAG, document as CanonicalValue, sign) };
}

/** The bytes of `composition.json`. */
export function encodeComposition({ document, signature }: SignedComposition): Uint8Array {
  return encodeCanonical({ document: document as CanonicalValue, signature });
}

const signedSchema = z.strictObject({ document: documentSchema, signature: signatureSchema });

/**
 * Reads `composition.json`: canonical, of the right shape, consistent, and signed by its author. Whether the folder's files
 * are the ones it names is for `verifyComposition`. Fails with `composition_malformed`.
 *
 * @example
 * const { layers, packages } = parseComposition(bytes, verifySr25519);
 * const origin = layers[2]![17]!; // { kind: 'trained', package: 0, expert: 3 }
 */
export function parseComposition(bytes: Uint8Array, verify: Verify): CompositionManifest {
  const refuse = (why: string, cause?: unknown) =>
    compositionError('composition_malformed', `${COMPOSITION_FILE} is refused: ${why}.`, {}, cause);
  let value: unknown;
  try {
    value = decodeCanonical(bytes, { maxBytes: MAX_MANIFEST_BYTES });
  } catch (cause) {
    throw refuse('it is not canonical JSON', cause);
  }
  const parsed = signedSchema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw refuse(`${issue?.path.join('.')}: ${issue?.message}`);
  }
  const { document, signature } = parsed.data;
  const contradiction = contradictionOf(document);
  if (contradiction !== null) throw refuse(contradiction);
  if (!isSignedBy(document.author, COMPOSITION_TAG, document as CanonicalValue, signature, verify)) {
    throw refuse(`it is not signed by its author ${document.author}`);
  }
  return document;
}

function contradictionOf({ base, packages, layers, files, evaluation }: CompositionManifest): string | null {
  const experts = layers[0]!.length;
  for (const [layer, origins] of layers.entries()) {
    if (origins.length !== experts)
      return `layer ${layer} has ${origins.length} experts, layer 0 has ${experts}`;
    for (const [expert, origin] of origins.entries()) {
      const isKnown = origin.kind === 'base' || origin.kind === 'spare' || origin.package < packages.length;
      if (!isKnown || origin.expert >= base.experts)
        return `expert ${expert} of layer ${layer} has no origin`;
    }
  }
  if (new Set(packages.map(({ id }) => id)).size !== packages.length) return 'a package is named twice';
  if (new Set(files.map(({ path }) => path)).size !== files.length) return 'a file is named twice';
  if (evaluation !== null && evaluation.alone.length !== packages.length)
    return 'evaluation.alone does not fit packages';
  return null;
}

export type FileIdentity = {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: ArtifactHash;
};
