import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { BlockProducer, EmbeddedLedger } from '@connito/ledger';
import { honestStrategy, Journal, Miner, type MinerStrategy } from '@connito/miner';
import { type Keypair, type Log, loadOrCreateHotkey, silentLog } from '@connito/node';
import { type RunDefinition, roundLengthBlocks, roundWindow, runIdOf } from '@connito/protocol';
import {
  type Act,
  CanonicalChain,
  followRounds,
  type ModelSession,
  openModelSession,
  Participants,
  type RoundRecord,
  type RunContext,
  readRound,
} from '@connito/run';
import type { DirectoryStore } from '@connito/store';
import { Validator } from '@connito/validator';

export type LocalNetworkOptions = {
  /** Holds everything: ledger, artifacts, wallets, the roles' own state. */
  readonly folder: string;
  readonly definition: RunDefinition;
  readonly modelFolder: string;
  readonly validators: number;
  /** One miner for each strategy. */
  readonly strategies: readonly MinerStrategy[];
  readonly log?: Log;
};

type Role = { readonly keypair: Keypair; readonly stop: () => Promise<void> };

const VALIDATOR_STAKE = '1000';
/** Longer than any phase takes: a block that waits for this is a node that hangs. */
const MAX_BLOCK_MS = 120_000;

/**
 * A whole network in one process: the same roles, ledger and store as separate processes run, without sockets between them.
 * For experiments and tests, which look at records rather than at logs.
 */
export class LocalNetwork {
  readonly context: RunContext;
  readonly #ledger: EmbeddedLedger;
  readonly #producer: BlockProducer;
  readonly #roles: Role[] = [];
  readonly #stopping = new AbortController();
  readonly #options: LocalNetworkOptions;
  readonly #store: DirectoryStore;
  #failure: Promise<never> | null = null;
  #participants: Participants;
  #chain: CanonicalChain | null = null;

  private constructor(
    options: LocalNetworkOptions,
    ledger: EmbeddedLedger,
    store: DirectoryStore,
    observer: Keypair,
  ) {
    const { definition } = options;
    this.#options = options;
    this.#ledger = ledger;
    this.#store = store;
    this.context = { definition, run: runIdOf(definition), ledger: ledger.as(observer.hotkey), store };
    this.#participants = new Participants(this.context);
    const expectedNeurons = options.validators + options.strategies.length;
    this.#producer = new BlockProducer(
      { minBlockMs: 0, maxBlockMs: MAX_BLOCK_MS, expectedNeurons },
      { ledger },
    );
  }

  /** `store` must hold the run's shards, as `createRun` leaves it. */
  static async start(options: LocalNetworkOptions, store: DirectoryStore): Promise<LocalNetwork> {
    const { folder, definition, validators, strategies } = options;
    await mkdir(folder, { recursive: true });
    const key = (name: string): Promise<Keypair> =>
      loadOrCreateHotkey({ walletsPath: join(folder, 'wallets'), wallet: name, hotkey: 'default' });
    const validatorKeys = await Promise.all(
      Array.from({ length: validators }, (_, i) => key(`validator-${i + 1}`)),
    );
    const minerKeys = await Promise.all(strategies.map((_, i) => key(`miner-${i + 1}`)));
    const ledger = EmbeddedLedger.open({
      path: join(folder, 'ledger.sqlite'),
      genesis: {
        networkName: 'lab',
        netuid: 102,
        stakes: validatorKeys.map(({ hotkey }) => ({ hotkey, stake: VALIDATOR_STAKE })),
        tempoBlocks: roundLengthBlocks(definition.schedule),
        epochOffsetBlocks: definition.schedule.genesisBlock,
      },
    });
    const network = new LocalNetwork(options, ledger, store, validatorKeys[0]!);
    // First, because it must hear every role that says it is ready.
    await network.#producer.start();
    for (const [i, keypair] of validatorKeys.entries()) await network.#startValidator(i, keypair);
    for (const [i, keypair] of minerKeys.entries()) await network.#startMiner(i, keypair, strategies[i]!);
    return network;
  }

  /** Waits for a round to end and reads its record. Rejects as soon as any role fails. */
  async round(round: number): Promise<RoundRecord> {
    const { lastBlock } = roundWindow(round, this.#options.definition.schedule);
    const end = this.context.ledger.waitForBlock(lastBlock, this.#stopping.signal);
    await Promise.race([end, this.#failure ?? end]);
    const chain = this.#chain!;
    return readRound(this.context, { participants: this.#participants, chain }, round);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#producer.stop();
    await Promise.all(this.#roles.map((role) => role.stop()));
    this.#ledger.close();
  }

  async #startValidator(index: number, keypair: Keypair): Promise<void> {
    const { folder, log = silentLog } = this.#options;
    const context = this.#contextOf(keypair);
    const session = await this.#openSession(context);
    this.#chain ??= new CanonicalChain(this.context, this.#participants, session.genesis.hash);
    const settings = {
      stateFolder: join(folder, `validator-${index + 1}`),
      build: 'lab',
      reportWaitMs: 5_000,
    };
    const validator = new Validator(settings, { context, keypair, session, log });
    await this.#run(context, keypair, session, (point, block, signal) => validator.act(point, block, signal));
  }

  async #startMiner(
    index: number,
    keypair: Keypair,
    strategy: MinerStrategy = honestStrategy,
  ): Promise<void> {
    const { folder, log = silentLog, definition } = this.#options;
    const context = this.#contextOf(keypair);
    const session = await this.#openSession(context);
    const journal = await Journal.open(join(folder, `miner-${index + 1}`), definition);
    const miner = new Miner({ context, keypair, session, journal, strategy, log });
    await this.#run(context, keypair, session, (point, _, signal) => miner.act(point, signal));
  }

  #contextOf(keypair: Keypair): RunContext {
    return { ...this.context, ledger: this.#ledger.as(keypair.hotkey), store: this.#store };
  }

  #openSession(context: RunContext): Promise<ModelSession> {
    return openModelSession(context, { modelFolder: this.#options.modelFolder, threads: 1 });
  }

  async #run(context: RunContext, keypair: Keypair, session: ModelSession, act: Act): Promise<void> {
    const { signal } = this.#stopping;
    await context.ledger.register(signal);
    const running = followRounds({ ...context, log: this.#options.log ?? silentLog }, act, signal);
    const failed = running.then(
      () => new Promise<never>(() => undefined),
      (error: unknown) => (signal.aborted ? new Promise<never>(() => undefined) : Promise.reject(error)),
    );
    // Rejections surface through `round`.
    failed.catch(() => undefined);
    this.#failure = this.#failure === null ? failed : Promise.race([this.#failure, failed]);
    this.#failure.catch(() => undefined);
    this.#roles.push({
      keypair,
      stop: async () => {
        await running.catch(() => undefined);
        await session.stop();
      },
    });
  }
}
