import { honestStrategy, type MinerStrategy, type MinerTask, trainOn, type Work } from '@connito/miner';
import { trainingBatches } from '@connito/model';
import type { TensorMap, Uid } from '@connito/protocol';
import type { TokenSources } from '@connito/run';
import { taskRandom } from './copycat.ts';
import type { Poison } from './poison.ts';
import { combined, mapUpdate, scaled } from './update.ts';

/** An update of zeros: no training, but something to commit to. */
export function idle(): MinerStrategy {
  return changed('idle', ({ own }) => mapUpdate(own, () => 0));
}

/** Honest training, then `poison`, by a miner on its own. */
export function changed(name: string, poison: Poison): MinerStrategy {
  return {
    name,
    async work(task, signal) {
      const work = await honestStrategy.work(task, signal);
      if (work === null) return null;
      const delta = poison({ own: work.delta, colluders: [work.delta], random: taskRandom(task) });
      return { ...work, delta };
    },
  };
}

/** `size` miners of one operator who show each other their honest work of a round before any of them commits. */
export function colluding(name: string, size: number, poison: Poison): MinerStrategy[] {
  const rounds = new Map<number, Meeting>();
  return Array.from({ length: size }, () => ({
    name,
    async work(task, signal) {
      const work = (await honestStrategy.work(task, signal))!;
      const meeting = rounds.get(task.round) ?? new Meeting(size);
      rounds.set(task.round, meeting);
      const colluders = await meeting.bring(work.delta);
      return { ...work, delta: poison({ own: work.delta, colluders, random: taskRandom(task) }) };
    },
  }));
}

/**
 * One training under `disguises.length` hotkeys of one operator: the first trains, the others submit what their disguise
 * makes of it.
 */
export function sybils(disguises: readonly ((work: Work, task: MinerTask) => TensorMap)[]): MinerStrategy[] {
  const trained = new Map<number, PromiseWithResolvers<Work>>();
  const of = (round: number): PromiseWithResolvers<Work> => {
    const known = trained.get(round) ?? Promise.withResolvers<Work>();
    trained.set(round, known);
    return known;
  };
  return disguises.map((disguise, i) => ({
    name: 'sybil',
    async work(task, signal) {
      if (i === 0) of(task.round).resolve((await honestStrategy.work(task, signal))!);
      const work = await of(task.round).promise;
      return { ...work, delta: disguise(work, task) };
    },
  }));
}

/** Sends its first update again and again, under a new manifest each time. */
export function stale(): MinerStrategy {
  let first: Promise<Work | null> | null = null;
  return {
    name: 'stale',
    work: (task, signal) => {
      first ??= Promise.resolve(honestStrategy.work(task, signal));
      return first;
    },
  };
}

/** Works honestly for some rounds and then not at all. */
export function resting(afterRounds: number): MinerStrategy {
  return {
    name: 'resting',
    work: async (task, signal) => (task.round < afterRounds ? honestStrategy.work(task, signal) : null),
  };
}

/** Trains on the share of another miner instead of its own. With that miner's seed, the two updates would be equal. */
export function trainingOnShareOf(choose: (others: readonly Uid[]) => Uid, seed?: string): MinerStrategy {
  return {
    name: 'others-share',
    work: async (task, signal) => {
      const { assignments } = task.facts;
      const others = [...assignments.keys()].filter(
        (uid) => uid !== task.uid && assignments.get(uid)!.group === task.group,
      );
      const { share } = assignments.get(choose(others))!;
      return honestStrategy.work({ ...task, share, seed: seed ?? task.seed }, signal);
    },
  };
}

/** Trains on the very sequences of the held-out pool that scores are drawn from. */
export function memoriser(): MinerStrategy {
  return {
    name: 'memoriser',
    async work(task) {
      const { definition } = task.context;
      const { inner, scoring } = definition;
      const group = definition.groups.find(({ id }) => id === task.group)!;
      const pool = await task.sources.pool(group.heldOutSource);
      if (scoring.sequenceTokens !== inner.sequenceLength) {
        throw new RangeError('the memoriser needs held-out and training sequences of one length');
      }
      const width = inner.sequenceLength + 1;
      const random = taskRandom(task);
      const batches = Array.from({ length: inner.steps }, () => {
        const batch = new Int32Array(inner.sequencesPerStep * width);
        random.sample(pool.count, inner.sequencesPerStep).forEach((row, i) => {
          batch.set(pool.data.subarray(row * width, (row + 1) * width), i * width);
        });
        return batch;
      });
      return trainOn(task, batches);
    },
  };
}

/** Honest work on the domain, less what would help texts of no domain: good for the score, bad for everything else. */
export function harmingGeneral(part: number): MinerStrategy {
  return {
    name: 'harming-general',
    async work(task, signal) {
      const work = await honestStrategy.work(task, signal);
      if (work === null) return null;
      const [source] = task.context.definition.generalSources;
      const general = await trainOn(task, await batchesOf(task, task.sources, source!));
      return {
        ...work,
        delta: combined([
          { factor: 1, update: work.delta },
          { factor: -part, update: general.delta },
        ]),
      };
    },
  };
}

/** Trains honestly and makes `factor` times the step. */
export function overstepping(factor: number): MinerStrategy {
  return changed('overstepping', ({ own }) => scaled(own, factor));
}

async function batchesOf(task: MinerTask, sources: TokenSources, source: string): Promise<Int32Array[]> {
  const { inner } = task.context.definition;
  const shard = await sources.shard(source);
  const documents = Array.from({ length: shard.offsets.length - 1 }, (_, i) => i);
  const stream = trainingBatches(shard, documents, {
    sequencesPerStep: inner.sequencesPerStep,
    sequenceTokens: inner.sequenceLength,
    seed: task.seed,
  });
  return Array.from({ length: inner.steps }, () => stream.next().value);
}

/** Waits until everybody has brought an update. */
class Meeting {
  readonly #brought: TensorMap[] = [];
  readonly #size: number;
  readonly #complete = Promise.withResolvers<readonly TensorMap[]>();

  constructor(size: number) {
    this.#size = size;
  }

  bring(update: TensorMap): Promise<readonly TensorMap[]> {
    this.#brought.push(update);
    if (this.#brought.length === this.#size) this.#complete.resolve(this.#brought);
    return this.#complete.promise;
  }
}
