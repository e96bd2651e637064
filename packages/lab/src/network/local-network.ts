import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { BlockProducer, EmbeddedLedger, type Ledger, type LedgerExtract } from '@connito/ledger';
import { Journal, Miner } from '@connito/miner';
import { type Keypair, type Log, loadOrCreateHotkey, silentLog } from '@connito/node';
import {
  type RunDefinition,
  roundLengthBlocks,
  roundWindow,
  runIdOf,
  taggedHashHex,
  utf8,
} from '@connito/protocol';
import {
  type Act,
  BUILD,
  CanonicalChain,
  followRounds,
  type ModelSession,
  Participants,
  type RoundReaders,
  type RoundRecord,
  type RunContext,
  readRound,
} from '@connito/run';
import type { ArtifactStore } from '@connito/store';
import { Validator } from '@connito/validator';
import type { MinerBehaviour, RoleParts, ValidatorBehaviour } from './behaviour.ts';

export type LocalNetworkOptions = {
  /** Holds everything: ledger, artifacts, wallets, the roles' own state. */
  readonly folder: string;
  readonly definition: RunDefinition;
  readonly validators: readonly ValidatorBehaviour[];
  readonly miners: readonly MinerBehaviour[];
  /** A model for one more role, such as `SharedModel.session`. */
  readonly openSession: (context: RunContext) => Promise<ModelSession>;
  /** Holds the roles' keys; networks with the same wallets have the same hotkeys. Default: in `folder`. */
  readonly wallets?: string;
  /**
   * Replaces the block hashes that roles read by a function of this seed and the block's number. Networks with equal seeds then
   * draw equal exams, so that what an attack does not touch comes out equal, and two networks can be compared. Default: the
   * ledger's own hashes.
   */
  readonly draws?: string;
  /** How long validators wait in the attest window for reports that are not published. */
  readonly reportWaitMs?: number;
  readonly log?: Log;
};

type Role = { readonly keypair: Keypair; readonly stop: () => Promise<void> };

const VALIDATOR_STAKE = '1000';
/** Longer than any phase takes on a busy machine: nobody may miss a block in an experiment. What waits so long hangs. */
const MAX_BLOCK_MS = 3_600_000;

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
  readonly #store: ArtifactStore;
  #failure: Promise<never> | null = null;
  readonly #participants: Participants;
  #chain: CanonicalChain | null = null;

  private constructor(
    options: LocalNetworkOptions,
    ledger: EmbeddedLedger,
    store: ArtifactStore,
    observer: Keypair,
  ) {
    const { definition } = options;
    this.#options = options;
    this.#ledger = ledger;
    this.#store = store;
    this.context = { definition, run: runIdOf(definition), ledger: this.#viewOf(observer), store };
    this.#participants = new Participants(this.context);
    const expectedNeurons = options.validators.length + options.miners.length;
    this.#producer = new BlockProducer(
      { minBlockMs: 0, maxBlockMs: MAX_BLOCK_MS, expectedNeurons },
      { ledger },
    );
  }

  /** `store` must hold the run's shards, as `createRun` leaves it. */
  static async start(options: LocalNetworkOptions, store: ArtifactStore): Promise<LocalNetwork> {
    const { folder, definition, validators, miners, wallets = join(folder, 'wallets') } = options;
    await mkdir(folder, { recursive: true });
    const keysOf = (role: string, roles: readonly unknown[]): Promise<Keypair[]> =>
      Promise.all(
        roles.map((_, i) =>
          loadOrCreateHotkey({ walletsPath: wallets, wallet: `${role}-${i + 1}`, hotkey: 'default' }),
        ),
      );
    const validatorKeys = await keysOf('validator', validators);
    const minerKeys = await keysOf('miner', miners);
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
    for (const [i, keypair] of minerKeys.entries()) await network.#startMiner(i, keypair);
    return network;
  }

  /** What reading this network's rounds needs; not before the first validator runs. */
  get readers(): RoundReaders {
    return { participants: this.#participants, chain: this.#chain! };
  }

  /** Everything the ledger holds up to a round's last block. */
  extract(round: number): LedgerExtract {
    return this.#ledger.extract(roundWindow(round, this.#options.definition.schedule).lastBlock);
  }

  /** Waits for a round to end and reads its record. Rejects as soon as any role fails. */
  async round(round: number): Promise<RoundRecord> {
    const { lastBlock } = roundWindow(round, this.#options.definition.schedule);
    const end = this.context.ledger.waitForBlock(lastBlock, this.#stopping.signal);
    await Promise.race([end, this.#failure ?? end]);
    return readRound(this.context, this.readers, round);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#producer.stop();
    await Promise.all(this.#roles.map((role) => role.stop()));
    this.#ledger.close();
  }

  async #startValidator(index: number, keypair: Keypair): Promise<void> {
    const { folder, log = silentLog, validators, reportWaitMs = 2_000 } = this.#options;
    const behaviour = validators[index]!;
    const context = this.#contextOf(keypair, behaviour);
    const opened = await this.#options.openSession(context);
    const session = behaviour.sessionOf?.(opened) ?? opened;
    this.#chain ??= new CanonicalChain(this.context, this.#participants, session.genesis.hash);
    const settings = { stateFolder: join(folder, `validator-${index + 1}`), build: BUILD, reportWaitMs };
    const { strategy } = behaviour;
    const validator = new Validator(settings, { context, keypair, session, strategy, log });
    await this.#run({ context, keypair }, session, behaviour, (point, block, signal) =>
      validator.act(point, block, signal),
    );
  }

  async #startMiner(index: number, keypair: Keypair): Promise<void> {
    const { folder, log = silentLog, definition, miners } = this.#options;
    const behaviour = miners[index]!;
    const context = this.#contextOf(keypair, behaviour);
    const opened = await this.#options.openSession(context);
    const session = behaviour.sessionOf?.(opened) ?? opened;
    const journal = await Journal.open(join(folder, `miner-${index + 1}`), definition);
    const { strategy } = behaviour;
    // Seeds are secret, but the same for the same key, so that networks may be repeated.
    const drawSeed = (round: number): string => `lab/${index}/${round}`;
    const miner = new Miner({ context, keypair, session, journal, strategy, log, drawSeed });
    await this.#run({ context, keypair }, session, behaviour, (point, _, signal) => miner.act(point, signal));
  }

  #contextOf(keypair: Keypair, { contextOf }: MinerBehaviour | ValidatorBehaviour): RunContext {
    const context = { ...this.context, ledger: this.#viewOf(keypair), store: this.#store };
    return contextOf?.(context) ?? context;
  }

  #viewOf({ hotkey }: Keypair): Ledger {
    const view = this.#ledger.as(hotkey);
    const { draws } = this.#options;
    if (draws === undefined) return view;
    return {
      ...view,
      block: async (number, signal) => {
        const block = await view.block(number, signal);
        return { ...block, hash: taggedHashHex('connito/1/lab-draw', utf8(`${draws}/${number}`)) };
      },
    };
  }

  async #run(
    parts: RoleParts,
    session: ModelSession,
    { phaseOf = (point) => point, besides }: MinerBehaviour | ValidatorBehaviour,
    act: Act,
  ): Promise<void> {
    const { context, keypair } = parts;
    const { signal } = this.#stopping;
    await context.ledger.register(signal);
    const behave: Act = async (point, block) => {
      const believed = phaseOf(point);
      if (believed !== null) await act(believed, block, signal);
      await besides?.(parts, point, signal);
    };
    const running = followRounds({ ...context, log: this.#options.log ?? silentLog }, behave, signal);
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
