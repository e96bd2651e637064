import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeDurably } from '@connito/node';
import {
  type AcceptedUpdate,
  type ExpertGroup,
  type ExpertGroupId,
  float32Bytes,
  groupTensors,
  type TensorMap,
} from '@connito/protocol';
import type { LocalRun } from '../support/local-run.ts';

/**
 * What one operator can make of one training besides its update, to submit it under several keys. All but the last train on
 * the very same sequences.
 */
export const VARIANTS = [
  'half the learning rate',
  '1.5 times the learning rate',
  'two more steps',
  'batches in reverse',
  'other sequences of the same share',
] as const;
export type Variant = (typeof VARIANTS)[number];

/** All updates of one group in one round of one series, by miner, all trained from the same state. */
export type TrainedRound = {
  readonly honest: readonly TensorMap[];
  /** Of miner 0. */
  readonly variants: ReadonlyMap<Variant, TensorMap>;
};

/**
 * Trains a round, or reads what an earlier call left in the folder. Training is the only slow part of the benchmark, so each
 * update is kept as soon as it is made.
 */
export async function trainRound(
  run: LocalRun,
  series: number,
  folder: string,
  variants: readonly Variant[],
): Promise<ReadonlyMap<ExpertGroupId, TrainedRound>> {
  await mkdir(folder, { recursive: true });
  const rounds = new Map<ExpertGroupId, TrainedRound>();
  for (const group of run.definition.groups) {
    const kept = (name: string, make: () => Promise<TensorMap>): Promise<TensorMap> =>
      keptOr(run, group, join(folder, `${series}-${run.round}-${group.id}-${name}.f32`), make);
    const honest: TensorMap[] = [];
    for (const uid of run.miners) honest.push(await kept(`${uid}`, () => run.honest(group, uid)));
    const made = new Map<Variant, TensorMap>();
    for (const variant of variants) {
      const name = `0-${variant.replaceAll(/[^a-z0-9]+/g, '-')}`;
      made.set(variant, await kept(name, () => trainVariant(run, group, variant)));
    }
    rounds.set(group.id, { honest, variants: made });
  }
  return rounds;
}

/** What the round's honest updates merge to is the next round's state. */
export async function mergeHonest(
  run: LocalRun,
  rounds: ReadonlyMap<ExpertGroupId, TrainedRound>,
): Promise<void> {
  const updates = new Map<ExpertGroupId, AcceptedUpdate[]>();
  for (const [group, { honest }] of rounds) {
    const own = run.miners.map((uid, i): AcceptedUpdate => ({ uid, scoreNanoNats: 1, delta: honest[i]! }));
    updates.set(group, own);
  }
  await run.merge(updates);
}

async function trainVariant(run: LocalRun, group: ExpertGroup, variant: Variant): Promise<TensorMap> {
  const { steps } = run.definition.inner;
  const batches = (count: number, label = ''): Promise<Int32Array[]> =>
    run.batches(group, group.trainingSource, 0, { steps: count, label });
  switch (variant) {
    case 'half the learning rate':
      return run.train(group, await batches(steps), 0.5);
    case '1.5 times the learning rate':
      return run.train(group, await batches(steps), 1.5);
    case 'two more steps':
      return run.train(group, await batches(steps + 2), 1);
    case 'batches in reverse':
      return run.train(group, (await batches(steps)).reverse(), 1);
    case 'other sequences of the same share':
      return run.train(group, await batches(steps, 'again'), 1);
  }
}

async function keptOr(
  { definition }: LocalRun,
  group: ExpertGroup,
  path: string,
  make: () => Promise<TensorMap>,
): Promise<TensorMap> {
  const specs = groupTensors(group, definition.baseModel.architecture);
  const known = await readFile(path).catch(() => null);
  if (known !== null) {
    const values = new Float32Array(
      known.buffer.slice(known.byteOffset, known.byteOffset + known.byteLength),
    );
    let at = 0;
    return new Map(
      specs.map(({ name, shape }) => {
        const size = shape.reduce((product, length) => product * length, 1);
        at += size;
        return [name, { shape, data: values.subarray(at - size, at) }];
      }),
    );
  }
  const made = await make();
  const bytes = Buffer.concat(specs.map(({ name }) => float32Bytes(made.get(name)!.data)));
  await writeDurably(path, bytes);
  return made;
}
