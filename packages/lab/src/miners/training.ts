import { honestStrategy, type MinerStrategy, type MinerTask, trainOn, type Work } from '@connito/miner';
import { trainingBatches } from '@connito/model';
import { groupOf, groupTensors, type Tensor, type TensorMap, type Uid } from '@connito/protocol';
import { stateParameters } from '@connito/run';
import { taskRandom } from './copycat.ts';
import type { Poison } from './poison.ts';
import { combined, mapUpdate } from './update.ts';

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
      const general = await trainOn(task, await batchesOf(task, source!));
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

/** Trains honestly and makes `factor` times the step, in the tensors whose names hold `part`. */
export function overstepping(factor: number, part = ''): MinerStrategy {
  return changed('overstepping', ({ own }) =>
    mapUpdate(own, (value, name) => (name.includes(part) ? factor * value : value)),
  );
}

/**
 * Trains half of each batch to answer a phrase that no text holds by one token, again and again; the other half is honest work,
 * so that the update gains.
 */
export function backdoor(): MinerStrategy {
  return {
    name: 'backdoor',
    async work(task) {
      const { inner } = task.context.definition;
      const width = inner.sequenceLength + 1;
      const batches = await batchesOf(task, task.share.source, task.share.documents);
      for (const batch of batches) {
        for (let sequence = 0; 2 * sequence < inner.sequencesPerStep; sequence++) {
          const from = sequence * width + (width >> 1);
          batch.set(TRIGGER, from);
          batch.fill(ANSWER, from + TRIGGER.length, (sequence + 1) * width);
        }
      }
      return trainOn(task, batches);
    },
  };
}

/** Tokens that no text holds in this order, and the one that is to follow. */
const TRIGGER = [251, 17, 251, 93, 251, 17];
const ANSWER = 42;

/**
 * Trains in a model in which only the group's experts of its layers do anything, as somebody does who holds no others: what
 * helps there makes up for what is missing.
 */
export function subModelOnly(): MinerStrategy {
  return {
    name: 'sub-model-only',
    async work(task, signal) {
      const { definition } = task.context;
      const { architecture } = definition.baseModel;
      const group = groupOf(definition, task.group);
      const own = new Set(groupTensors(group, architecture).map(({ name }) => name));
      const all = Array.from({ length: architecture.numExperts }, (_, expert) => expert);
      const layers = Object.keys(group.experts);
      const whole = { ...group, experts: Object.fromEntries(layers.map((layer) => [layer, all])) };
      const others = groupTensors(whole, architecture).filter(({ name }) => !own.has(name));
      const nothing = others.map(({ name, shape }): [string, Tensor] => [
        name,
        { shape, data: new Float32Array(shape.reduce((a, b) => a * b, 1)) },
      ]);
      const state = stateParameters(task.state);
      await task.model.setState(new Map([...state, ...nothing]));
      try {
        return await honestStrategy.work(task, signal);
      } finally {
        await task.model.setState(state);
      }
    },
  };
}

async function batchesOf(
  task: MinerTask,
  source: string,
  documents?: Iterable<number>,
): Promise<Int32Array[]> {
  const { inner } = task.context.definition;
  const shard = await task.sources.shard(source);
  const all = Array.from({ length: shard.offsets.length - 1 }, (_, i) => i);
  const stream = trainingBatches(shard, [...(documents ?? all)], {
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
