import {
  type ExpertGroup,
  NANO_NATS_PER_NAT,
  SeededRandom,
  type TensorMap,
  taggedHash,
  travelOf,
  utf8,
} from '@connito/protocol';
import { pickAcross, type SequencePool } from '@connito/run';
import type { LocalRun } from '../support/local-run.ts';

/**
 * What an update is made from. `reversed` and `overstepped` are there because they are skewed the other way: many sequences
 * gain a little and few lose much, which is what a bound for the mean finds hardest.
 */
export const KINDS = [
  'honest',
  'honest, other share',
  'honest, 1/100 of the rate',
  'honest, 20 times the rate',
  'honest, 20 times the steps',
  'honest, times 8',
  'reversed',
  'random direction',
  'random direction, a tenth',
  'trained on another domain',
] as const;
export type Kind = (typeof KINDS)[number];

/** Losses of one update, sequence by sequence, in nano-nats per token. */
export type MeasuredUpdate = {
  readonly round: number;
  readonly domain: string;
  readonly kind: Kind;
  /** Loss before less loss after, on documents of the domain's held-out pool. */
  readonly gains: readonly number[];
  /** Loss after less the base model's, on documents no group trains on. */
  readonly risesUntrained: readonly number[];
  /** The same on documents of the other groups' pools. */
  readonly risesOthers: readonly number[];
};

const DOMAIN_DOCUMENTS = 256;
const UNTRAINED_DOCUMENTS = 96;
const OTHER_DOCUMENTS = 48;

/** Makes and measures one update of each kind and domain from the run's current state. */
export async function measureUpdates(
  run: LocalRun,
  onMeasured: (what: string) => void,
): Promise<MeasuredUpdate[]> {
  const { definition, session, sources, round } = run;
  const chosen: { pool: SequencePool; row: number }[] = [];
  const rowsOf = new Map<string, number[]>();
  for (const { id } of definition.sources.filter(({ role }) => role === 'held-out')) {
    const pool = await sources.pool(id);
    const wanted = definition.generalSources.includes(id) ? UNTRAINED_DOCUMENTS : DOMAIN_DOCUMENTS;
    rowsOf.set(id, spread(pool, wanted, chosen));
  }
  const all = chosen.map((_, row) => row);
  const exam = {
    id: 'updates',
    sequences: pickAcross(definition.scoring.sequenceTokens, chosen),
    lowestLayer: Math.min(...definition.groups.flatMap(({ experts }) => Object.keys(experts).map(Number))),
    baseRows: all,
  };
  const { before, base } = await session.host.openExam(exam);

  const measured: MeasuredUpdate[] = [];
  for (const group of definition.groups) {
    const domain = rowsOf.get(group.heldOutSource)!;
    const untrained = definition.generalSources.flatMap((id) => rowsOf.get(id)!);
    const others = definition.groups
      .filter(({ id }) => id !== group.id)
      .flatMap(({ heldOutSource }) => rowsOf.get(heldOutSource)!.slice(0, OTHER_DOCUMENTS));
    for await (const { kind, delta } of updatesOf(run, group)) {
      const rows = { domain, general: [...untrained, ...others] };
      const result = await session.host.examine('updates', { kind: 'delta', tensors: delta }, rows, null);
      if (result.kind !== 'complete') {
        onMeasured(`round ${round}, ${group.domain}, ${kind}: ${result.kind}, left out`);
        continue;
      }
      const nano = (nats: number): number => Math.round(nats * NANO_NATS_PER_NAT) + 0;
      const rises = rows.general.map((row, i) => nano(result.generalAfter[i]! - base[row]!));
      const update = {
        round,
        domain: group.domain,
        kind,
        gains: domain.map((row, i) => nano(before[row]! - result.domainAfter[i]!)),
        risesUntrained: rises.slice(0, untrained.length),
        risesOthers: rises.slice(untrained.length),
      };
      measured.push(update);
      const mean = update.gains.reduce((sum, gain) => sum + gain, 0) / update.gains.length / 1e6;
      const travels = [...delta.values()]
        .map((tensor) => travelOf(tensor, definition.inner))
        .sort((a, b) => a - b);
      const [least, most] = [travels[0]!, travels.at(-1)!].map((travel) => travel.toFixed(3));
      onMeasured(
        `round ${round}, ${group.domain}, ${kind}: mean gain ${mean.toFixed(3)} millinats, travel ${least} to ${most}`,
      );
    }
  }
  await session.host.closeExam('updates');
  return measured;
}

function spread(pool: SequencePool, wanted: number, chosen: { pool: SequencePool; row: number }[]): number[] {
  const count = Math.min(wanted, pool.count);
  return Array.from({ length: count }, (_, i) => {
    const row = Math.floor((i * pool.count) / count);
    return chosen.push({ pool, row }) - 1;
  });
}

async function* updatesOf(
  run: LocalRun,
  group: ExpertGroup,
): AsyncGenerator<{ readonly kind: Kind; readonly delta: TensorMap }> {
  const { steps } = run.definition.inner;
  const honest = await run.honest(group, 0);
  yield { kind: 'honest', delta: honest };
  yield { kind: 'honest, other share', delta: await run.honest(group, 1) };
  const slow = { steps, rate: 0.01, label: 'slow' };
  yield { kind: 'honest, 1/100 of the rate', delta: await run.honest(group, 0, slow) };
  const fast = { steps, rate: 20, label: 'fast' };
  yield { kind: 'honest, 20 times the rate', delta: await run.honest(group, 0, fast) };
  const long = { steps: 20 * steps, rate: 1, label: 'long' };
  yield { kind: 'honest, 20 times the steps', delta: await run.honest(group, 0, long) };
  yield { kind: 'honest, times 8', delta: scaled(honest, 8) };
  yield { kind: 'reversed', delta: scaled(honest, -1) };
  const random = randomLike(honest, `${run.round}/${group.id}`);
  yield { kind: 'random direction', delta: random };
  yield { kind: 'random direction, a tenth', delta: scaled(random, 0.1) };
  const other = run.definition.groups.find(({ id }) => id !== group.id)!;
  const strange = await run.trainedOn(group, other.trainingSource, 0);
  yield { kind: 'trained on another domain', delta: strange };
}

function scaled(delta: TensorMap, factor: number): TensorMap {
  return new Map(
    [...delta].map(([name, { shape, data }]) => [name, { shape, data: data.map((value) => value * factor) }]),
  );
}

/** Independent normal values with each tensor's own norm. */
function randomLike(delta: TensorMap, label: string): TensorMap {
  const random = new SeededRandom(taggedHash('connito/1/bench-random-direction', utf8(label)));
  return new Map(
    [...delta].map(([name, { shape, data }]) => {
      const values = data.map(() => random.nextGaussian());
      const norm = (of: Float32Array): number => Math.sqrt(of.reduce((sum, value) => sum + value * value, 0));
      const factor = norm(data) / norm(values);
      return [name, { shape, data: values.map((value) => value * factor) }];
    }),
  );
}
