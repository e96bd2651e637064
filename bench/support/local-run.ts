import { generateMathDocument, loadTokenizer, type Sequences, trainingBatches } from '@connito/model';
import {
  type AcceptedUpdate,
  dataShares,
  decimalNumber,
  type ExpertGroup,
  type ExpertGroupId,
  groupTensors,
  mergeDelta,
  type RunDefinition,
  type RunId,
  type TensorMap,
  type Uid,
} from '@connito/protocol';
import {
  type CreateRunOptions,
  createRun,
  type ModelSession,
  openModelSession,
  type RunState,
  stateParameters,
  stepGroups,
  TokenSources,
} from '@connito/run';
import { DirectoryStore } from '@connito/store';

export type LocalRunOptions = Partial<Pick<CreateRunOptions, 'domains' | 'innerSteps' | 'selection'>> & {
  /** Miners of each group. Default: two, as in the default network. */
  readonly miners?: number;
  /** Runs of different series share the foundation and the texts, but neither data shares nor orders of the data. */
  readonly series?: number;
};

/** More rounds than any series has. */
const SERIES_ROUNDS = 1000;

/** Stands for the run id, so that data shares stay the same when some parameter of the run changes. */
const SHARES = '0'.repeat(64) as RunId;

export type Training = {
  readonly steps: number;
  /** Multiplies the run's learning rate. */
  readonly rate: number;
  /** Tells trainings of one miner and round apart. */
  readonly label: string;
};

/** A run with the shipped foundation and the local network's parameters, with honest rounds but without a ledger. */
export class LocalRun {
  readonly definition: RunDefinition;
  readonly session: ModelSession;
  readonly sources: TokenSources;
  readonly miners: readonly Uid[];
  readonly #series: number;
  readonly #tokenizerPath: string;
  state: RunState;
  round = 0;

  private constructor(
    definition: RunDefinition,
    session: ModelSession,
    sources: TokenSources,
    tokenizerPath: string,
    { miners = 2, series = 0 }: LocalRunOptions,
  ) {
    this.definition = definition;
    this.session = session;
    this.sources = sources;
    this.state = session.genesis;
    this.miners = Array.from({ length: miners }, (_, uid) => uid as Uid);
    this.#series = series;
    this.#tokenizerPath = tokenizerPath;
  }

  static async create(
    model: string,
    folder: string,
    threads: number,
    options: LocalRunOptions = {},
  ): Promise<LocalRun> {
    const { miners, series, ...chosen } = options;
    const store = await DirectoryStore.open(folder);
    const definition = await createRun({
      model,
      artifacts: store,
      domains: ['code', 'law', 'math'],
      threads,
      ...chosen,
    });
    const session = await openModelSession({ definition, store }, { modelFolder: model, threads });
    return new LocalRun(
      definition,
      session,
      new TokenSources({ definition, store }),
      `${model}/tokenizer.json`,
      { ...(miners === undefined ? {} : { miners }), ...(series === undefined ? {} : { series }) },
    );
  }

  /** The same run from its start, with other shares and orders of the data. */
  async restarted(series: number): Promise<LocalRun> {
    const { definition, session, sources, miners } = this;
    const options = { miners: miners.length, series };
    const again = new LocalRun(definition, session, sources, this.#tokenizerPath, options);
    await session.host.setState(stateParameters(again.state));
    return again;
  }

  /** An honest miner's delta from the current state, on its own share of this round's texts. */
  async honest(group: ExpertGroup, miner: number, training?: Training): Promise<TensorMap> {
    return this.trainedOn(group, group.trainingSource, miner, training);
  }

  /** The same on a share of any group's training texts. */
  async trainedOn(
    group: ExpertGroup,
    source: string,
    miner: number,
    training: Training = { steps: this.definition.inner.steps, rate: 1, label: '' },
  ): Promise<TensorMap> {
    return this.train(group, await this.batches(group, source, miner, training), training.rate);
  }

  /** What a miner trains on in this round, `[sequencesPerStep, sequenceLength + 1]` for each step. */
  async batches(
    group: ExpertGroup,
    source: string,
    miner: number,
    { steps, label }: Pick<Training, 'steps' | 'label'>,
  ): Promise<Int32Array[]> {
    const owner = this.definition.groups.find(({ trainingSource }) => trainingSource === source)!;
    const round = this.#series * SERIES_ROUNDS + this.round;
    const shares = dataShares(this.definition, SHARES, round, owner.id, this.miners);
    const { documents } = shares.get(miner as Uid)!;
    const { sequencesPerStep, sequenceLength } = this.definition.inner;
    const { endOfTextToken } = this.session.config;
    const stream = trainingBatches(await this.sources.shard(source), [...documents], {
      sequencesPerStep,
      sequenceTokens: sequenceLength,
      seed: `proof-of-loss/${round}/${group.id}/${miner}/${label}`,
      ...(endOfTextToken === null ? {} : { endOfTextId: endOfTextToken }),
    });
    return Array.from({ length: steps }, () => stream.next().value);
  }

  /** Inner steps on any batches `[sequencesPerStep, sequenceLength + 1]`. */
  async train(group: ExpertGroup, batches: readonly Int32Array[], rate: number): Promise<TensorMap> {
    const { inner, baseModel } = this.definition;
    const { delta } = await this.session.host.train({
      trained: groupTensors(group, baseModel.architecture).map(({ name }) => name),
      batches,
      sequences: inner.sequencesPerStep,
      tokens: inner.sequenceLength,
      options: {
        learningRate: decimalNumber(inner.learningRate) * rate,
        warmupSteps: inner.warmupSteps,
        beta1: decimalNumber(inner.beta1),
        beta2: decimalNumber(inner.beta2),
        epsilon: decimalNumber(inner.epsilon),
        weightDecay: decimalNumber(inner.weightDecay),
        clipNorm: decimalNumber(inner.clipNorm),
      },
      rematerialization: 'keep',
    });
    return delta;
  }

  /** One honest round: every miner's update, merged. */
  async advance(): Promise<void> {
    const updates = new Map<ExpertGroupId, AcceptedUpdate[]>();
    for (const group of this.definition.groups) {
      const own: AcceptedUpdate[] = [];
      for (const uid of this.miners) {
        own.push({ uid, scoreNanoNats: 1, delta: await this.honest(group, uid) });
      }
      updates.set(group.id, own);
    }
    await this.merge(updates);
  }

  /** Ends the round with these updates: the merge rule, a whole outer step. */
  async merge(updates: ReadonlyMap<ExpertGroupId, readonly AcceptedUpdate[]>): Promise<void> {
    const merged = new Map<ExpertGroupId, TensorMap>();
    for (const [group, accepted] of updates) {
      const { parameters } = this.state.groups.get(group)!;
      merged.set(group, mergeDelta(accepted, parameters, this.definition.merge));
    }
    const groups = stepGroups({ definition: this.definition }, this.state, merged, () => '1');
    this.state = { hash: this.state.hash, groups };
    this.round += 1;
    await this.session.host.setState(stateParameters(this.state));
  }

  /** Held-out sequences of generated exercises that no file holds: another seed, the same kinds and notation. */
  async freshMath(count: number): Promise<Sequences> {
    const tokenizer = await loadTokenizer(this.#tokenizerPath);
    const tokens = this.definition.scoring.sequenceTokens;
    const data = new Int32Array(count * (tokens + 1));
    for (let row = 0, index = 0; row < count; index++) {
      const ids = tokenizer.encode(generateMathDocument(FRESH_SEED, index, 'heldout', 'markup').text);
      if (ids.length <= tokens) continue;
      data.set(ids.subarray(0, tokens + 1), row * (tokens + 1));
      row += 1;
    }
    return { count, tokens, data };
  }
}

/** Any number but the shipped corpus's own. */
const FRESH_SEED = 77_001_123;
