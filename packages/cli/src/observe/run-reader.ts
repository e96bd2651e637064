import type { Ledger } from '@connito/ledger';
import { hasCode } from '@connito/node';
import { ConnitoError, type RunDefinition, runIdOf } from '@connito/protocol';
import {
  CanonicalChain,
  Participants,
  Reporter,
  type RunContext,
  readRound,
  StateLoader,
  type StateMeasurement,
} from '@connito/run';
import type { ArtifactStore } from '@connito/store';
import type { Network } from '../network/network-file.ts';
import { finishedRound } from './finished-round.ts';
import type { RoundReader } from './follow-network.ts';
import type { FinishedRound } from './network-event.ts';

export type RunReaderOptions = {
  readonly definition: RunDefinition;
  readonly ledger: Ledger;
  readonly store: ArtifactStore;
  readonly network: Network;
  readonly threads: number;
  /** Told of every state that was measured, and the round it is before. */
  readonly onMeasured?: (round: number, measurement: StateMeasurement) => void;
};

/** Reads rounds with a model of its own, until it is stopped. */
export type Measurements = RoundReader & { stop(): Promise<void> };

/**
 * Reads rounds from ledger and store, and measures each round's state on the reporting set with a model of its own. The model
 * is loaded for the first round that is read, so that it takes no time from nodes that are starting. Where its thread dies, the
 * reading fails with advice to try again, which opens another: a network does not end because its observer did.
 */
export class RunReader implements RoundReader {
  readonly #open: () => Promise<Measurements>;
  #measurements: Promise<Measurements> | null = null;
  #reading: Promise<unknown> = Promise.resolve();

  constructor(
    options: RunReaderOptions,
    open = (): Promise<Measurements> => RoundMeasurements.create(options),
  ) {
    this.#open = open;
  }

  /** Fails with `base_model_mismatch` and the errors of `loadCheckpoint`, of ledger and of store. */
  read(round: number, signal: AbortSignal): Promise<FinishedRound> {
    const reading = this.#read(round, signal);
    this.#reading = reading.catch(() => undefined);
    return reading;
  }

  async #read(round: number, signal: AbortSignal): Promise<FinishedRound> {
    this.#measurements ??= this.#open();
    const measurements = this.#measurements;
    try {
      return await (await measurements).read(round, signal);
    } catch (error) {
      if (!hasCode(error, 'engine_died')) throw error;
      this.#measurements = null;
      await measurements.then((dead) => dead.stop()).catch(() => undefined);
      throw new ConnitoError('engine_died', `${error.message}; another is started`, {
        advice: 'retry',
        cause: error,
      });
    }
  }

  /** Lets a measurement that runs come to its end first: ending its thread within one would crash the process. */
  async stop(): Promise<void> {
    await this.#reading;
    const measurements = await this.#measurements?.catch(() => null);
    await measurements?.stop();
  }
}

class RoundMeasurements {
  readonly #context: RunContext;
  readonly #network: Network;
  readonly #reporter: Reporter;
  readonly #onMeasured: NonNullable<RunReaderOptions['onMeasured']>;
  readonly #participants: Participants;
  readonly #chain: CanonicalChain;
  readonly #states: StateLoader;
  #measuredRound: number | null = null;

  private constructor(context: RunContext, reporter: Reporter, options: RunReaderOptions) {
    const { genesis } = reporter.session;
    this.#context = context;
    this.#network = options.network;
    this.#onMeasured = options.onMeasured ?? (() => undefined);
    this.#reporter = reporter;
    this.#participants = new Participants(context);
    this.#chain = new CanonicalChain(context, this.#participants, genesis.hash);
    this.#states = new StateLoader(context, genesis);
  }

  static async create(options: RunReaderOptions): Promise<RoundMeasurements> {
    const { definition, ledger, store, network, threads } = options;
    const modelFolder = network.model;
    const reporter = await Reporter.create({ definition, store }, { modelFolder, threads });
    const measurements = new RoundMeasurements(
      { definition, run: runIdOf(definition), ledger, store },
      reporter,
      options,
    );
    measurements.#onMeasured(0, reporter.start);
    return measurements;
  }

  async read(round: number, signal: AbortSignal): Promise<FinishedRound> {
    // The reporter compares with what it measured last, which after a pause must be the state before this round.
    if (round > 0 && this.#measuredRound !== round - 1) {
      await this.#reporter.measure(await this.#stateBefore(round, signal));
    }
    const readers = { participants: this.#participants, chain: this.#chain };
    const record = await readRound(this.#context, readers, round, signal);
    const losses = await this.#reporter.measure(await this.#stateBefore(round + 1, signal));
    this.#measuredRound = round;
    this.#onMeasured(round + 1, losses.state);
    return finishedRound(record, losses, this.#network);
  }

  stop(): Promise<void> {
    return this.#reporter.stop();
  }

  async #stateBefore(round: number, signal: AbortSignal) {
    const canonical = await this.#chain.stateBefore(round, signal);
    return this.#states.load(canonical, { momentum: false }, signal);
  }
}
