import { describe, expect, it } from 'vitest';
import type { ExpertGroupId, StateHash } from '../brand.ts';
import { encodeCanonical } from '../encoding/canonical-json.ts';
import { ConnitoError } from '../errors.ts';
import { runIdOf } from '../run/parse-run-definition.ts';
import { exampleRun, randomTensors } from '../testing/example-run.ts';
import { groupOf, groupTensors } from './expert-tensors.ts';
import {
  buildState,
  encodeStateDocument,
  type GroupState,
  parseStateDocument,
  readSlice,
  type StateDocument,
  sliceIndexOf,
} from './state-document.ts';
import { stateHashOf } from './tensor-table.ts';

const definition = exampleRun();
const law = 'law' as ExpertGroupId;

function exampleGroups(): Map<ExpertGroupId, GroupState> {
  return new Map(
    definition.groups.map((group) => {
      const specs = groupTensors(group, definition.baseModel.architecture);
      return [
        group.id,
        {
          parameters: randomTensors(specs, group.id),
          momentum: randomTensors(specs, `momentum ${group.id}`),
        },
      ];
    }),
  );
}

const groups = exampleGroups();
const built = buildState(definition, { round: 3, parent: 'a'.repeat(64) as StateHash, groups });

function refusal(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof ConnitoError) return error.code;
    throw error;
  }
  return 'accepted';
}

function parseChanged(change: (document: StateDocument) => void): string {
  const document = structuredClone(built.document);
  change(document);
  return refusal(() => parseStateDocument(encodeCanonical(document), definition));
}

describe('expert tensors', () => {
  it('carry the names and shapes of Hugging Face checkpoints', () => {
    const specs = groupTensors(groupOf(definition, law), definition.baseModel.architecture);
    expect(specs).toHaveLength(9);
    expect(specs[0]).toEqual({ name: 'model.layers.0.mlp.experts.0.down_proj.weight', shape: [8, 6] });
    expect(specs[1]).toEqual({ name: 'model.layers.0.mlp.experts.0.gate_proj.weight', shape: [6, 8] });
  });
});

describe('state', () => {
  it('reads back what was built, bit for bit', () => {
    const { document, hash } = parseStateDocument(encodeStateDocument(built.document), definition);
    expect(hash).toBe(built.hash);
    for (const [id, group] of groups) {
      for (const kind of ['parameters', 'momentum'] as const) {
        const slice = sliceIndexOf(document, id, kind);
        expect(readSlice(document, slice, built.slices[slice]!)).toEqual(new Map([...group[kind]]));
      }
    }
  });

  it('has the hash of the test vector', () => {
    expect(built.hash).toBe('4483f8f5c52dcfa2e35f77d31fe68531672a1b64de939b1f5a135d83c827bef0');
  });

  it('changes its hash with every part of its identity, but not with packaging', () => {
    const { document } = built;
    const [first, ...rest] = document.tensors;
    const variants = [
      { ...document, round: 4 },
      { ...document, parent: null },
      { ...document, run: 'b'.repeat(64) as StateDocument['run'] },
      { ...document, tensors: rest },
      { ...document, tensors: [{ ...first!, shape: [...first!.shape].reverse() }, ...rest] },
      { ...document, tensors: [{ ...first!, dtype: 'F16' as const }, ...rest] },
      { ...document, tensors: [{ ...first!, bytes: first!.bytes + 1 }, ...rest] },
      { ...document, tensors: [{ ...first!, sha256: rest[1]!.sha256 }, ...rest] },
    ].map(stateHashOf);
    expect(new Set([built.hash, ...variants]).size).toBe(variants.length + 1);
    expect(
      stateHashOf({ ...document, tensors: document.tensors.map((t) => ({ ...t, slice: 0, offset: 0 })) }),
    ).toBe(built.hash);
    expect(document.run).toBe(runIdOf(definition));
  });

  it('refuses a table with missing, extra, misnamed, mis-shaped or misplaced tensors', () => {
    const changes: ((document: StateDocument) => void)[] = [
      (d) => d.tensors.pop(),
      (d) => d.tensors.push({ ...d.tensors.at(-1)!, name: 'z' }),
      (d) => (d.tensors[0]!.name = 'a'),
      (d) => d.tensors[0]!.shape.reverse(),
      (d) => (d.tensors[0]!.offset += 4),
      (d) => (d.tensors[0]!.slice = 1),
      (d) => (d.tensors[0]!.bytes = 2 ** 50),
      (d) => (d.tensors[0]!.dtype = 'F16'),
      (d) => d.tensors.reverse(),
      (d) => d.slices.pop(),
      (d) => (d.slices[0]!.bytes = 2 ** 50),
      (d) => (d.run = 'c'.repeat(64) as StateDocument['run']),
      (d) => Object.assign(d, { extra: 1 }),
    ];
    for (const change of changes) expect(parseChanged(change)).toBe('invalid_state');
  });

  it('refuses slice bytes that are truncated, changed or not finite', () => {
    const bytes = built.slices[0]!;
    expect(refusal(() => readSlice(built.document, 0, bytes.subarray(1)))).toBe('invalid_state');
    const changed = bytes.slice();
    changed[5] = changed[5]! ^ 1;
    expect(refusal(() => readSlice(built.document, 0, changed))).toBe('invalid_state');
    expect(refusal(() => readSlice(built.document, 99, bytes))).toBe('invalid_state');
    const poisoned = exampleGroups();
    poisoned.get(law)!.parameters.values().next().value!.data[0] = Number.NaN;
    expect(refusal(() => buildState(definition, { round: 0, parent: null, groups: poisoned }))).toBe(
      'invalid_state',
    );
  });
});
