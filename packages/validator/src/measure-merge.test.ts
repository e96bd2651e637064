import {
  type AcceptedUpdate,
  type ExpertGroupId,
  type GroupState,
  groupTensors,
  type RunDefinition,
  type StateHash,
  type TensorMap,
  type Uid,
  ZERO_STEP,
} from '@connito/protocol';
import {
  type AcceptedUpdates,
  LOCAL_PARAMETERS,
  type ModelSession,
  type RoundVerdict,
  type RunContext,
  type RunState,
  type TokenSources,
} from '@connito/run';
import { describe, expect, it } from 'vitest';
import { measureMerge } from './measure-merge.ts';

const LAW = 'law' as ExpertGroupId;
const CODE = 'code' as ExpertGroupId;
const { scoring, merge } = LOCAL_PARAMETERS;
const architecture = {
  ...{ kind: 'qwen3-moe' as const, numHiddenLayers: 2, numExperts: 4 },
  ...{ hiddenSize: 8, moeIntermediateSize: 6 },
};
const groups = [
  { id: LAW, experts: { '0': [0, 1], '1': [2] }, heldOutSource: 'law-test' },
  { id: CODE, experts: { '1': [0, 3] }, heldOutSource: 'code-test' },
].map((group) => ({ ...group, domain: group.id, emissionShare: '0.5', trainingSource: `${group.id}-train` }));
/** Only what measuring a merge reads. */
const definition = {
  ...{ groups, scoring, merge, generalSources: ['general-test'] },
  baseModel: { architecture },
} as unknown as RunDefinition;
/** How far the whole step goes for each unit of delta: the rate, and Nesterov's look ahead from rest. */
const REACH = Number(merge.outerLearningRate) * (1 + Number(merge.outerMomentum));

function tensors(group: ExpertGroupId, value: number): TensorMap {
  const own = groups.find(({ id }) => id === group)!;
  return new Map(
    groupTensors(own, architecture).map(({ name, shape }) => [
      name,
      { shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(value) },
    ]),
  );
}

const state: RunState = {
  hash: '0'.repeat(64) as StateHash,
  groups: new Map(
    groups.map(({ id }): [ExpertGroupId, GroupState] => [
      id,
      { parameters: tensors(id, 1), momentum: tensors(id, 0) },
    ]),
  ),
};

/**
 * A model host whose loss on a group's sequences is known in closed form: 3 nats, more by how far the group's parameters are
 * from `best`. Sequences differ a little, as real ones do.
 */
function sessionWith(best: ReadonlyMap<ExpertGroupId, number>): ModelSession {
  const lossOf = (parameters: TensorMap, group: ExpertGroupId, row: number): number => {
    const [first] = tensors(group, 0).keys();
    const distance = Math.abs(parameters.get(first!)!.data[0]! - best.get(group)!);
    return 3 + distance * (1 + (row % 7) / 100);
  };
  const groupOfRow = (row: number): ExpertGroupId | null =>
    groups[Math.floor(row / scoring.domainSequences)]?.id ?? null;
  const all = (parameters: TensorMap, rows: readonly number[]): Float64Array =>
    Float64Array.from(rows, (row) => {
      const group = groupOfRow(row);
      return group === null ? 4 : lossOf(parameters, group, row);
    });
  const before = new Map(groups.flatMap(({ id }) => [...tensors(id, 1)]));
  const host = {
    openExam: async ({ sequences, baseRows }: { sequences: { count: number }; baseRows: number[] }) => ({
      before: all(before, [...Array(sequences.count).keys()]),
      base: all(before, baseRows),
    }),
    examine: async (
      _: string,
      change: { tensors: TensorMap },
      rows: { domain: number[]; general: number[] },
    ) => ({
      kind: 'complete',
      domainAfter: all(change.tensors, rows.domain),
      generalAfter: all(change.tensors, rows.general),
    }),
    closeExam: async () => undefined,
  };
  return { host } as unknown as ModelSession;
}

const sources = {
  pool: async (source: string) => ({
    ...{ source, domain: source, count: 200, tokens: scoring.sequenceTokens },
    data: new Int32Array(200 * (scoring.sequenceTokens + 1)),
  }),
} as unknown as TokenSources;

function measure(updates: AcceptedUpdates, best: ReadonlyMap<ExpertGroupId, number>) {
  const context = { definition, run: '1'.repeat(64) } as unknown as RunContext;
  const accepted = new Map(
    [...updates].map(([group, own]) => [
      group,
      own.map(({ uid, scoreNanoNats }) => ({ uid, scoreNanoNats })),
    ]),
  );
  const verdict = { accepted } as unknown as RoundVerdict;
  const round = { round: 3, blockHash: 'ab'.repeat(32), state, verdict, updates };
  return measureMerge(context, sessionWith(best), sources, round);
}

const update = (group: ExpertGroupId, uid: number, step: number): AcceptedUpdate => ({
  uid: uid as Uid,
  scoreNanoNats: 1000,
  delta: tensors(group, step),
});
/** Parameters at which a step of this part of the whole one would arrive. */
const arriving = (part: number, step = 0.01): number => 1 + part * REACH * step;

describe('measuring the merge', () => {
  it.each([
    [1, 0],
    [0.4, 1],
    [0.2, 2],
    [0.1, 3],
  ])('a step that should be %s of its length is halved until it helps', async (part, index) => {
    const measured = await measure(
      new Map([[LAW, [update(LAW, 1, 0.01)]]]),
      new Map([
        [LAW, arriving(part)],
        [CODE, 1],
      ]),
    );
    expect(measured.scales).toEqual([index, ZERO_STEP]);
    const [law] = measured.groups;
    expect(law!.scales.map(({ scale }) => scale)).toEqual(merge.scales.slice(0, index + 1));
    expect(law!.scales.slice(0, -1).every(({ gainLowerNanoNats }) => gainLowerNanoNats! <= 0)).toBe(true);
    expect(law!.scales.at(-1)!.gainLowerNanoNats).toBeGreaterThan(0);
  });

  it('a step in the wrong direction is voted down whole', async () => {
    const measured = await measure(
      new Map([[LAW, [update(LAW, 1, 0.01)]]]),
      new Map([
        [LAW, arriving(-1)],
        [CODE, 1],
      ]),
    );
    expect(measured.scales).toEqual([ZERO_STEP, ZERO_STEP]);
    expect(measured.groups[0]).toMatchObject({ vote: ZERO_STEP, leaveOneOut: [] });
    expect(measured.groups[0]!.scales).toHaveLength(merge.scales.length);
  });

  it('each group gets a step of its own', async () => {
    const updates = new Map([
      [LAW, [update(LAW, 1, 0.01)]],
      [CODE, [update(CODE, 2, 0.01)]],
    ]);
    const best = new Map([
      [LAW, arriving(1)],
      [CODE, arriving(0.2)],
    ]);
    expect((await measure(updates, best)).scales).toEqual([0, 2]);
  });

  it('leave-one-out says what the step loses without each update', async () => {
    // Mean delta 0.01; without the long one the step is shorter, without the reversed one longer.
    const updates = new Map([[LAW, [update(LAW, 1, 0.03), update(LAW, 2, 0.02), update(LAW, 4, -0.02)]]]);
    const best = new Map([
      [LAW, arriving(1, 0.025)],
      [CODE, 1],
    ]);
    const [law] = (await measure(updates, best)).groups;
    const own = new Map(law!.leaveOneOut.map((one) => [one.uid as number, one]));
    expect([...own.keys()]).toEqual([1, 2, 4]);
    // In nano-nats: the distance of both steps times the mean slope of the drawn sequences, between 1 and 1.06.
    const without = (others: number) => (others - 0.01) * REACH * 1e9;
    for (const [uid, others] of [
      [1, 0],
      [2, 0.005],
      [4, 0.025],
    ] as const) {
      const { contributionNanoNats, lowerNanoNats, upperNanoNats } = own.get(uid)!;
      expect(-contributionNanoNats / without(others)).toBeGreaterThan(1);
      expect(-contributionNanoNats / without(others)).toBeLessThan(1.06);
      expect(lowerNanoNats).toBeLessThanOrEqual(contributionNanoNats);
      expect(upperNanoNats).toBeGreaterThanOrEqual(contributionNanoNats);
    }
    expect(own.get(1)!.lowerNanoNats).toBeGreaterThan(0);
    expect(own.get(4)!.upperNanoNats).toBeLessThan(0);
  });

  it('leaves none of two out', async () => {
    const updates = new Map([[LAW, [update(LAW, 1, 0.03), update(LAW, 2, 0.02)]]]);
    const best = new Map([
      [LAW, arriving(1, 0.025)],
      [CODE, 1],
    ]);
    expect((await measure(updates, best)).groups[0]).toMatchObject({ vote: 0, leaveOneOut: [] });
  });
});
