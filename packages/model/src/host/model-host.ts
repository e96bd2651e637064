import { type Backend, floats, type Tensor, tensor } from '@connito/engine';
import { isFutile } from '@connito/protocol';
import { loadCheckpoint } from '../checkpoint/checkpoint.ts';
import type { ModelConfig } from '../config.ts';
import { ModelError } from '../errors.ts';
import { SequenceLosses, type Sequences, type SharedPrefix } from '../evaluation/sequence-losses.ts';
import { type ExpertSet, type Parameters, parametersBelowExperts } from '../parameters.ts';
import { profileRouting, RoutingCount, type RoutingProfile } from '../selection/routing-profile.ts';
import { GradientPass } from '../training/gradient-pass.ts';
import { type InnerOptions, innerSteps } from '../training/inner-steps.ts';
import { ForwardPass } from '../transformer/forward-pass.ts';
import type { Rematerialization } from '../transformer/layer-graphs.ts';

/** Tensors that replace, or are added to, parameters of the same names. */
export type TensorOverrides = ReadonlyMap<
  string,
  { readonly shape: readonly number[]; readonly data: Float32Array }
>;

export type TrainJob = {
  /** Names of the parameters to train: all matrices of one expert group. */
  readonly trained: readonly string[];
  /** One `[sequences, tokens + 1]` block of token ids for each inner step. */
  readonly batches: readonly Int32Array[];
  readonly sequences: number;
  readonly tokens: number;
  readonly options: InnerOptions;
  readonly rematerialization: Rematerialization;
};

export type TrainOutcome = {
  /** θ_local − θ_global, to be added. */
  readonly delta: TensorOverrides;
  readonly losses: readonly number[];
  readonly trainedTokens: number;
};

/** Sequences that candidates are measured on. */
export type Exam = {
  readonly id: string;
  readonly sequences: Sequences;
  /** Lowest layer whose experts any candidate changes: everything below them is computed once for all. */
  readonly lowestLayer: number;
  /** Sequences whose loss under the base model is wanted too. */
  readonly baseRows: readonly number[];
};

/** Losses in nats per token before any change. */
export type ExamBaseline = {
  /** Of every sequence under the current state. */
  readonly before: Float64Array;
  /** Of `baseRows`, in that order, under the base model. */
  readonly base: Float64Array;
};

/** Sequences that one state after the other is measured on. */
export type StandingSet = {
  readonly id: string;
  readonly sequences: Sequences;
  /** Lowest layer whose experts any state changes: everything below them is computed once. */
  readonly lowestLayer: number;
};

export type StandingMeasurement = {
  /** Of each sequence, in nats per token. */
  readonly losses: Float64Array;
  /** `[layer][expert]`: share of the chosen (token, expert) pairs, each row summing to 1. */
  readonly load: readonly (readonly number[])[];
};

/** What a candidate changes in the current state: tensors added to parameters, or put in their place. */
export type Change = { readonly kind: 'delta' | 'replace'; readonly tensors: TensorOverrides };

/** The exam's sequences that matter for one candidate. */
export type ExamRows = { readonly domain: readonly number[]; readonly general: readonly number[] };

export type Futility = { readonly after: number; readonly falseRewardRate: number };

export type ExamResult =
  | { readonly kind: 'complete'; readonly domainAfter: Float64Array; readonly generalAfter: Float64Array }
  /** Hopeless after some domain sequences; the rest was not measured. */
  | { readonly kind: 'futile'; readonly domainAfter: Float64Array }
  /** A non-finite loss turned up, which ends the measurement. */
  | { readonly kind: 'non_finite' };

type OpenExam = {
  readonly losses: SequenceLosses;
  readonly prefix: SharedPrefix;
  readonly before: Float64Array;
};

type OpenSet = {
  readonly losses: SequenceLosses;
  readonly prefix: SharedPrefix;
  /** Load of the layers below the prefix's. */
  readonly loadBelow: readonly (readonly number[])[];
};

/** Sequences measured in one batch: enough rows for each expert's products to be worth their call. */
const EVALUATION_BATCH = 8;
/** Training graphs kept compiled: a miner needs one, a host shared by a whole network one for each group. */
const MAX_TRAINERS = 4;

/**
 * One model with its compiled graphs: the base parameters, the run's current state over them, and everything a miner or
 * validator computes with them. Lives on a thread of its own; see `startModelHost`.
 */
export class ModelHost {
  readonly #backend: Backend;
  readonly #signal: AbortSignal;
  #base: Parameters = new Map();
  #state: Parameters = new Map();
  #config: ModelConfig | null = null;
  /** By what they were compiled for, the last used at the end. */
  readonly #trainers = new Map<string, GradientPass>();
  readonly #passes = new Map<number, ForwardPass>();
  readonly #exams = new Map<string, OpenExam>();
  readonly #sets = new Map<string, OpenSet>();

  /** Work ends early, with the signal's reason, when `signal` is aborted. */
  constructor(backend: Backend, signal: AbortSignal = new AbortController().signal) {
    this.#backend = backend;
    this.#signal = signal;
  }

  /** Loads a checkpoint folder strictly. Fails with the errors of `loadCheckpoint`. */
  async open(folder: string): Promise<ModelConfig> {
    const { config, parameters } = await loadCheckpoint(folder);
    this.#base = parameters;
    this.#state = parameters;
    this.#config = config;
    return config;
  }

  /** Base parameters of the given names, e.g. to make a run's first state. */
  baseParameters(names: readonly string[]): TensorOverrides {
    return new Map(
      names.map((name) => {
        const { shape, data } = known(this.#base, name);
        return [name, { shape, data: (data as Float32Array).slice() }];
      }),
    );
  }

  /** Makes base parameters with these replaced the current state, and closes all exams. */
  setState(replaced: TensorOverrides): void {
    const state = new Map(this.#base);
    for (const [name, { shape, data }] of replaced) state.set(name, fitting(this.#base, name, shape, data));
    this.#state = state;
    this.#exams.clear();
  }

  /** Loss of each sequence under the current state; with `allowed`, of the sub-model that has only these experts. */
  async measure(sequences: Sequences, allowed?: ExpertSet): Promise<Float64Array> {
    const options = allowed === undefined ? {} : { allowed };
    return (await this.#lossesOf(sequences)).measure(this.#state, options);
  }

  /** Computes once what all states have in common on a set of sequences, and keeps it however the state changes. */
  async openSet({ id, sequences, lowestLayer }: StandingSet): Promise<void> {
    const losses = await this.#lossesOf(sequences);
    const count = this.#newCount();
    const observe = (layer: number, gates: Float32Array): void => count.add(layer, gates);
    const prefix = await losses.prefix(this.#base, lowestLayer, observe);
    this.#sets.set(id, { losses, prefix, loadBelow: count.shares().token.slice(0, lowestLayer) });
  }

  /**
   * The current state on an open set; with `allowed`, its sub-model that has only these experts. Throws a RangeError where
   * the state differs from the base model below the set's lowest layer.
   */
  async measureSet(id: string, allowed?: ExpertSet): Promise<StandingMeasurement> {
    const set = this.#sets.get(id);
    if (set === undefined) throw new RangeError(`set "${id}" is not open`);
    const { losses, prefix, loadBelow } = set;
    if (!this.#sharesBase(prefix.layer)) {
      throw new RangeError(
        `the state differs from the base model below the experts of layer ${prefix.layer}`,
      );
    }
    const count = this.#newCount();
    const observe = (layer: number, gates: Float32Array): void => count.add(layer, gates);
    const restriction = allowed === undefined ? {} : { allowed };
    const measured = await losses.measure(this.#state, { prefix, observe, ...restriction });
    return { losses: measured, load: [...loadBelow, ...count.shares().token.slice(prefix.layer)] };
  }

  /** Inner steps of one expert group from the current state. */
  async train(job: TrainJob): Promise<TrainOutcome> {
    const pass = await this.#trainerFor(job);
    const { delta, losses, trainedTokens } = await innerSteps(
      pass,
      this.#state,
      job.batches,
      job.options,
      () => undefined,
      this.#signal,
    );
    const copied = new Map(
      [...delta].map(([name, { shape, data }]) => [name, { shape, data: data as Float32Array }]),
    );
    return { delta: copied, losses, trainedTokens };
  }

  /** Measures what all candidates of an exam share and keeps it until `closeExam` or `setState`. */
  async openExam({ id, sequences, lowestLayer, baseRows }: Exam): Promise<ExamBaseline> {
    const losses = await this.#lossesOf(sequences);
    const prefix = await losses.prefix(this.#state, lowestLayer);
    const before = await losses.measure(this.#state, { prefix });
    const ownPrefix = this.#sharesBase(lowestLayer) ? { prefix } : {};
    const base = await losses.measure(this.#base, { rows: baseRows, ...ownPrefix });
    this.#exams.set(id, { losses, prefix, before });
    return { before, base };
  }

  /**
   * Losses of the current state with a change on an open exam: the domain's sequences first, and the general ones unless the
   * candidate is broken or, with `futility`, hopeless.
   */
  async examine(
    examId: string,
    change: Change,
    rows: ExamRows,
    futility: Futility | null,
  ): Promise<ExamResult> {
    const exam = this.#exams.get(examId);
    if (exam === undefined) throw new RangeError(`exam "${examId}" is not open`);
    const candidate = this.#changed(change);
    const { losses, prefix, before } = exam;
    let broken = false;
    const stopAfter = (soFar: Float64Array): boolean => {
      broken = !soFar.every(Number.isFinite);
      if (broken || futility === null || soFar.length < futility.after) return broken;
      const differences = soFar.map((after, i) => before[rows.domain[i]!]! - after);
      return isFutile(differences, rows.domain.length, futility.falseRewardRate);
    };
    const domainAfter = await losses.measure(candidate, { rows: rows.domain, prefix, stopAfter });
    if (broken || !domainAfter.every(Number.isFinite)) return { kind: 'non_finite' };
    if (domainAfter.length < rows.domain.length) return { kind: 'futile', domainAfter };
    const generalAfter = await losses.measure(candidate, { rows: rows.general, prefix });
    if (!generalAfter.every(Number.isFinite)) return { kind: 'non_finite' };
    return { kind: 'complete', domainAfter, generalAfter };
  }

  closeExam(examId: string): void {
    this.#exams.delete(examId);
  }

  /** Which experts the current state's routers choose for sequences. */
  async profile(sequences: Sequences): Promise<RoutingProfile> {
    return profileRouting(await this.#passFor(sequences.tokens), this.#state, sequences);
  }

  #changed({ kind, tensors }: Change): Parameters {
    const candidate = new Map(this.#state);
    for (const [name, { shape, data }] of tensors) {
      const before = known(this.#state, name);
      candidate.set(
        name,
        kind === 'delta' ? added(before, shape, data) : fitting(this.#base, name, shape, data),
      );
    }
    return candidate;
  }

  /** Whether the state is the base model in everything that a prefix up to the experts of `layer` depends on. */
  #sharesBase(layer: number): boolean {
    return parametersBelowExperts(this.#opened, layer).every(
      (name) => this.#state.get(name) === this.#base.get(name),
    );
  }

  #newCount(): RoutingCount {
    return new RoutingCount(this.#opened.layers, this.#opened.experts);
  }

  get #opened(): ModelConfig {
    if (this.#config === null) throw new Error('open() must come first');
    return this.#config;
  }

  async #lossesOf(sequences: Sequences): Promise<SequenceLosses> {
    return new SequenceLosses(await this.#passFor(sequences.tokens), sequences, this.#signal);
  }

  async #passFor(tokens: number): Promise<ForwardPass> {
    let pass = this.#passes.get(tokens);
    if (pass === undefined) {
      pass = await ForwardPass.create(this.#backend, this.#opened, { sequences: EVALUATION_BATCH, tokens });
      this.#passes.set(tokens, pass);
    }
    return pass;
  }

  async #trainerFor(job: TrainJob): Promise<GradientPass> {
    const { trained, sequences, tokens, rematerialization } = job;
    const key = [sequences, tokens, rematerialization, ...trained].join();
    const compiled = this.#trainers.get(key);
    this.#trainers.delete(key);
    const pass =
      compiled ??
      (await GradientPass.create(this.#backend, this.#opened, {
        shape: { sequences, tokens },
        trained: new Set(trained),
        rematerialization,
        balanceWeight: 0,
      }));
    this.#trainers.set(key, pass);
    const [oldest] = this.#trainers;
    if (this.#trainers.size > MAX_TRAINERS && oldest !== undefined) {
      this.#trainers.delete(oldest[0]);
      await oldest[1].dispose();
    }
    return pass;
  }
}

function known(parameters: Parameters, name: string): Tensor {
  const found = parameters.get(name);
  if (found === undefined) throw new ModelError('parameter_mismatch', `the model has no tensor ${name}`);
  return found;
}

function fitting(base: Parameters, name: string, shape: readonly number[], data: Float32Array): Tensor {
  const expected = known(base, name).shape;
  if (shape.join() !== expected.join()) {
    throw new ModelError('parameter_mismatch', `tensor ${name} is [${shape}], the model has [${expected}]`);
  }
  return tensor(data, shape);
}

function added(before: Tensor, shape: readonly number[], delta: Float32Array): Tensor {
  const sum = floats(before).slice();
  if (shape.join() !== before.shape.join())
    throw new RangeError(`a delta of shape [${shape}] for [${before.shape}]`);
  for (let i = 0; i < sum.length; i++) sum[i] = sum[i]! + delta[i]!;
  return tensor(sum, before.shape);
}
