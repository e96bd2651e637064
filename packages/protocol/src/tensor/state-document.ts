import { z } from 'zod';
import type { ExpertGroupId, StateHash } from '../brand.ts';
import { decodeCanonical, encodeCanonical } from '../encoding/canonical-json.ts';
import { type Sha256, sha256, sha256Hex } from '../encoding/hash.ts';
import {
  artifactHashSchema,
  countSchema,
  expertGroupIdSchema,
  roundSchema,
  runIdSchema,
  stateHashSchema,
} from '../encoding/schema.ts';
import { type ErrorDetails, protocolError } from '../errors.ts';
import { runIdOf } from '../run/parse-run-definition.ts';
import { MAX_GROUPS, type RunDefinition } from '../run/run-definition.ts';
import { float32Length } from './dtype.ts';
import { groupTensors, MOMENTUM_PREFIX } from './expert-tensors.ts';
import {
  elementsOf,
  equalShapes,
  firstNonFinite,
  readFloat32,
  requireExactTensors,
  sortedNames,
  type TensorMap,
  type TensorSpec,
  tensorNamed,
  writeFloat32,
} from './tensor.ts';
import { MAX_TENSORS, stateHashOf, tensorEntryFields } from './tensor-table.ts';

/** About 400 bytes a row. */
const MAX_STATE_DOCUMENT_BYTES = 512 * MAX_TENSORS;

const SLICE_KINDS = ['parameters', 'momentum'] as const;
export type SliceKind = (typeof SLICE_KINDS)[number];

const stateDocumentSchema = z.strictObject({
  protocol: z.literal('connito/1'),
  run: runIdSchema,
  round: roundSchema,
  parent: stateHashSchema.nullable(),
  tensors: z
    .array(z.strictObject({ ...tensorEntryFields, slice: countSchema, offset: countSchema }))
    .max(MAX_TENSORS),
  slices: z
    .array(
      z.strictObject({
        group: expertGroupIdSchema,
        kind: z.enum(SLICE_KINDS),
        artifact: artifactHashSchema,
        bytes: countSchema,
      }),
    )
    .max(2 * MAX_GROUPS),
});

/**
 * A state as it is stored: the tensor table, and where each tensor's bytes are. A slice artifact is the concatenation
 * of its tensors' little-endian float32 bytes in name order.
 */
export type StateDocument = z.infer<typeof stateDocumentSchema>;

/** One group's part of a state. All tensors are float32; momentum has the same names and shapes as parameters. */
export type GroupState = { readonly parameters: TensorMap; readonly momentum: TensorMap };

export type BuiltState = {
  readonly document: StateDocument;
  readonly hash: StateHash;
  /** Artifacts to be stored, in the order of `document.slices`. */
  readonly slices: readonly Uint8Array[];
};

/**
 * Packs a state: two slices per group, parameters before momentum, groups in the run definition's order. Fails with
 * `invalid_argument` where tensors do not fit the definition, `invalid_state` where a value is not finite.
 */
export function buildState(
  definition: RunDefinition,
  state: {
    readonly round: number;
    readonly parent: StateHash | null;
    readonly groups: ReadonlyMap<ExpertGroupId, GroupState>;
  },
  hash: Sha256 = sha256,
): BuiltState {
  const tensors: StateDocument['tensors'] = [];
  const slices: StateDocument['slices'] = [];
  const artifacts: Uint8Array[] = [];
  for (const layout of slicesOf(definition)) {
    const held = state.groups.get(layout.group)?.[layout.kind];
    if (held === undefined) throw refuse(`Group "${layout.group}" is missing from the state.`);
    requireExactTensors(
      held,
      layout.tensors.map((spec) => ({ ...spec, name: parameterName(spec.name) })),
    );
    const bytes = new Uint8Array(layout.bytes);
    for (const { name, shape, offset } of layout.tensors) {
      const { data } = tensorNamed(held, parameterName(name));
      requireFiniteState(name, data);
      writeFloat32(bytes, offset, data);
      const own = bytes.subarray(offset, offset + data.byteLength);
      const entry = { name, dtype: 'F32' as const, shape: [...shape], bytes: own.length };
      tensors.push({ ...entry, sha256: sha256Hex(own, hash), slice: slices.length, offset });
    }
    slices.push({
      group: layout.group,
      kind: layout.kind,
      artifact: sha256Hex(bytes, hash),
      bytes: bytes.length,
    });
    artifacts.push(bytes);
  }
  tensors.sort((a, b) => (a.name < b.name ? -1 : 1));
  const run = runIdOf(definition);
  const document = {
    protocol: 'connito/1' as const,
    run,
    round: state.round,
    parent: state.parent,
    tensors,
    slices,
  };
  return { document, hash: stateHashOf(document), slices: artifacts };
}

export function encodeStateDocument(document: StateDocument): Uint8Array {
  return encodeCanonical(document);
}

/**
 * Reads a state document and checks that it has exactly the layout the run definition prescribes: no tensor is missing,
 * extra, misnamed, mis-shaped or misplaced. Fails with `not_canonical_bytes` or `invalid_state`.
 */
export function parseStateDocument(
  bytes: Uint8Array,
  definition: RunDefinition,
): { readonly document: StateDocument; readonly hash: StateHash } {
  const parsed = stateDocumentSchema.safeParse(
    decodeCanonical(bytes, { maxBytes: MAX_STATE_DOCUMENT_BYTES }),
  );
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw refuse(`State document: ${issue?.path.join('.')}: ${issue?.message}.`);
  }
  const document = parsed.data;
  const run = runIdOf(definition);
  if (document.run !== run) throw refuse(`The state belongs to run ${document.run}, not ${run}.`);

  const layouts = slicesOf(definition);
  if (document.slices.length !== layouts.length) {
    throw refuse(`The state has ${document.slices.length} slices, the run ${layouts.length}.`);
  }
  const expected = new Map<string, TensorSpec & { readonly slice: number; readonly offset: number }>();
  for (const [slice, layout] of layouts.entries()) {
    const { group, kind, bytes: sliceBytes } = document.slices[slice]!;
    if (group !== layout.group || kind !== layout.kind || sliceBytes !== layout.bytes) {
      throw refuse(`Slice ${slice} is not ${layout.kind} of "${layout.group}" in ${layout.bytes} bytes.`, {
        slice,
      });
    }
    for (const tensor of layout.tensors) expected.set(tensor.name, { ...tensor, slice });
  }
  const names = sortedNames(expected.keys());
  if (document.tensors.length !== names.length) {
    throw refuse(`The state lists ${document.tensors.length} tensors, the run ${names.length}.`);
  }
  for (const [i, entry] of document.tensors.entries()) {
    const name = names[i]!;
    const spec = expected.get(name)!;
    const fits =
      entry.name === name &&
      entry.dtype === 'F32' &&
      equalShapes(entry.shape, spec.shape) &&
      entry.bytes === float32Length(elementsOf(spec.shape)) &&
      entry.slice === spec.slice &&
      entry.offset === spec.offset;
    if (!fits)
      throw refuse(`Row ${i} of the tensor table is not "${name}" of shape [${spec.shape}].`, { name });
  }
  return { document, hash: stateHashOf(document) };
}

/**
 * The tensors of a slice artifact, by parameter name, each verified against the tensor table. Fails with
 * `invalid_state`.
 */
export function readSlice(
  document: StateDocument,
  slice: number,
  bytes: Uint8Array,
  hash: Sha256 = sha256,
): TensorMap {
  const described = document.slices[slice];
  if (described === undefined) throw refuse(`The state has no slice ${slice}.`, { slice });
  if (bytes.length !== described.bytes) {
    throw refuse(`Slice ${slice} has ${bytes.length} bytes, expected ${described.bytes}.`, { slice });
  }
  const tensors = new Map<string, { shape: number[]; data: Float32Array }>();
  for (const entry of document.tensors) {
    if (entry.slice !== slice) continue;
    const own = bytes.subarray(entry.offset, entry.offset + entry.bytes);
    if (sha256Hex(own, hash) !== entry.sha256) {
      throw refuse(`The bytes of tensor "${entry.name}" do not match its hash.`, { name: entry.name });
    }
    const data = readFloat32(bytes, entry.offset, elementsOf(entry.shape));
    requireFiniteState(entry.name, data);
    tensors.set(parameterName(entry.name), { shape: entry.shape, data });
  }
  return tensors;
}

/** Index in `document.slices`. Fails with `invalid_state`. */
export function sliceIndexOf(document: StateDocument, group: ExpertGroupId, kind: SliceKind): number {
  const index = document.slices.findIndex((slice) => slice.group === group && slice.kind === kind);
  if (index < 0) throw refuse(`The state has no ${kind} of group "${group}".`, { group, kind });
  return index;
}

type SliceLayout = {
  readonly group: ExpertGroupId;
  readonly kind: SliceKind;
  readonly bytes: number;
  readonly tensors: readonly (TensorSpec & { readonly offset: number })[];
};

function slicesOf(definition: RunDefinition): SliceLayout[] {
  return definition.groups.flatMap((group) =>
    SLICE_KINDS.map((kind) => {
      let bytes = 0;
      const tensors = groupTensors(group, definition.baseModel.architecture).map(({ name, shape }) => {
        const offset = bytes;
        bytes += float32Length(elementsOf(shape));
        return { name: kind === 'momentum' ? MOMENTUM_PREFIX + name : name, shape, offset };
      });
      return { group: group.id, kind, bytes, tensors };
    }),
  );
}

function parameterName(name: string): string {
  return name.startsWith(MOMENTUM_PREFIX) ? name.slice(MOMENTUM_PREFIX.length) : name;
}

function requireFiniteState(name: string, data: Float32Array): void {
  const index = firstNonFinite(data);
  if (index >= 0) throw refuse(`Tensor "${name}" is ${data[index]} at element ${index}.`, { name, index });
}

function refuse(message: string, details: ErrorDetails = {}) {
  return protocolError('invalid_state', message, details);
}
