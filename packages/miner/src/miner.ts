import { randomBytes } from 'node:crypto';
import { type Clock, type Keypair, type Log, systemClock } from '@connito/node';
import {
  ConnitoError,
  carriedResidual,
  commitmentOf,
  encodeDelta,
  encodeNote,
  encodeReveal,
  manifestOf,
  roundWindow,
  SALT_BYTES,
  signReveal,
  submissionOf,
  type TensorMap,
  toHex,
  type Uid,
} from '@connito/protocol';
import {
  createNativeSha256,
  type ModelSession,
  type RoundFacts,
  type RoundPoint,
  type RoundVerdict,
  type RunContext,
  type RunMetrics,
  RunPosition,
  roundNotes,
  roundVerdict,
  TokenSources,
  uidOf,
} from '@connito/run';
import type { Journal, StoredSubmission } from './journal.ts';
import { createMinerMetrics, type MinerMetrics, recordOutcome, recordTraining } from './metrics.ts';
import type { MinerStrategy } from './strategy.ts';

export type MinerDependencies = {
  readonly context: RunContext;
  readonly keypair: Keypair;
  readonly session: ModelSession;
  readonly journal: Journal;
  readonly strategy: MinerStrategy;
  readonly log: Log;
  /** Draws a round's secret seed. Default: at random; experiments that repeat a run pass their own. */
  readonly drawSeed?: (round: number) => string;
  readonly clock?: Clock;
  /** Default: recorded for nobody. */
  readonly metrics?: MinerMetrics;
  readonly runMetrics?: RunMetrics;
};

/** What the validators agreed on in a round that is over. */
type Settled = { readonly facts: RoundFacts; readonly verdict: RoundVerdict };

/** The ledger's unit of payouts. */
const PARTS_PER_BILLION = 1e9;
/** Rounds whose submissions stay on disk: the current one and the one whose fate decides the error feedback. */
const KEPT_ROUNDS = 2;

/**
 * One miner. `act` does what the open block's phase asks for and may be called again for the same block: whatever was done is
 * on disk or on the ledger, and is not done twice.
 */
export class Miner {
  readonly #dependencies: MinerDependencies;
  readonly #position: RunPosition;
  readonly #sources: TokenSources;
  readonly #clock: Clock;
  readonly #metrics: MinerMetrics;
  #settled: Settled | null = null;
  /** The first round whose outcome was not recorded yet: the first this process took part in. */
  #unrecorded: number | null = null;

  constructor(dependencies: MinerDependencies) {
    this.#dependencies = dependencies;
    const {
      context,
      session,
      runMetrics,
      clock = systemClock,
      metrics = createMinerMetrics(),
    } = dependencies;
    this.#clock = clock;
    this.#metrics = metrics;
    const recording = runMetrics === undefined ? {} : { metrics: runMetrics };
    this.#position = new RunPosition(context, session, { momentum: false, ...recording });
    this.#sources = new TokenSources(context);
  }

  async act(point: RoundPoint, signal: AbortSignal): Promise<void> {
    await this.#recordOutcomes(point.round, signal);
    switch (point.phase) {
      case 'distribute':
        await this.#position.enter(point.round, signal);
        return;
      case 'train':
        await this.#train(point.round, signal);
        return;
      case 'commit':
        await this.#commit(point.round, signal);
        return;
      case 'reveal':
        await this.#reveal(point.round, signal);
        return;
      default:
        return;
    }
  }

  async #train(round: number, signal: AbortSignal): Promise<void> {
    const { context, keypair, session, journal, strategy, log, drawSeed = randomSeed } = this.#dependencies;
    if ((await journal.load(round)) !== null) return;
    const state = await this.#position.enter(round, signal);
    const facts = await this.#position.participants.of(round, signal);
    const uid = uidOf(facts.miners, keypair.hotkey);
    const assignment = uid === null ? undefined : facts.assignments.get(uid);
    if (uid === null || assignment === undefined) {
      log.warn('No task in this round', { round, hotkey: keypair.hotkey });
      return;
    }
    const { group, share } = assignment;
    const { hotkey } = keypair;
    const { host, genesis } = session;
    const genesisState = genesis.hash;
    const task = {
      context,
      hotkey,
      uid,
      round,
      group,
      share,
      seed: drawSeed(round),
      facts,
      state,
      genesisState,
      model: host,
      endOfTextToken: session.config.endOfTextToken,
      sources: this.#sources,
    };
    const startedAtMs = this.#clock.nowMs();
    const work = await strategy.work(task, signal);
    if (work === null) return;
    const seconds = (this.#clock.nowMs() - startedAtMs) / 1_000;
    const carried = await this.#carriedInto(round, uid, signal);
    const { codec } = context.definition;
    const encoded = encodeDelta(codec, work.delta, carried, createNativeSha256);
    const { trainedTokens, innerSteps, losses } = work;
    const claim = { run: context.run, round, group, hotkey, baseState: state.hash, codec: codec.kind };
    const manifest = manifestOf({ ...claim, trainedTokens, innerSteps }, encoded);
    const salt = toHex(randomBytes(SALT_BYTES));
    await journal.save(round, { manifest, salt, bundle: encoded.bundle, residual: encoded.residual });
    await journal.prune(round - KEPT_ROUNDS + 1);
    recordTraining(this.#metrics, { ...work, seconds, bundleBytes: encoded.bundle.length });
    log.info('Trained', {
      ...{ round, group, trainedTokens, innerSteps, bundleBytes: encoded.bundle.length },
      ...{ firstLoss: losses[0], lastLoss: losses.at(-1) },
    });
  }

  /** What error feedback adds to this round's delta: decided by what became of the last update, by the run's rule. */
  async #carriedInto(round: number, uid: Uid, signal: AbortSignal): Promise<TensorMap | null> {
    const { context, journal, log } = this.#dependencies;
    // Rounds that the miner sat out leave what it carries as it was, but for the decay of each.
    const past = await journal.latestBefore(round);
    const last = past === null ? null : await journal.load(past);
    if (past === null || last === null) return null;
    if (last.residual === null) {
      log.warn('The residual on disk is damaged; error feedback starts anew', { round: past });
      return null;
    }
    const facts = await this.#position.participants.of(past, signal);
    const group = facts.assignments.get(uid)?.group;
    const now = (await this.#position.participants.of(round, signal)).assignments.get(uid)?.group;
    // Another group has other tensors.
    if (group === undefined || group !== last.manifest.group || group !== now) return null;
    const { outcome } = await this.#position.chain.outcomeOf(past, signal);
    const { verdict } = await this.#settledIn(past, signal);
    const merged = verdict.accepted.get(group)?.some((accepted) => accepted.uid === uid) === true;
    const fate = outcome === 'void' ? 'void' : merged ? 'merged' : 'rejected';
    const update = { sent: journal.sentBy(last), residual: last.residual };
    return carriedResidual(fate, context.definition.codec.errorFeedback, update, round - past);
  }

  async #commit(round: number, signal: AbortSignal): Promise<void> {
    const { context, log } = this.#dependencies;
    const submission = await this.#unsent(round, 'commit', signal);
    if (submission === null) return;
    const { manifest, salt } = submission;
    const group = context.definition.groups.findIndex(({ id }) => id === manifest.group);
    const commitment = commitmentOf(manifest, salt);
    const block = await context.ledger.commit(
      encodeNote({ kind: 'commit', round, group, commitment }),
      signal,
    );
    this.#metrics.submissions.inc({ note: 'commit' });
    log.info('Committed', { round, block, commitment });
  }

  async #reveal(round: number, signal: AbortSignal): Promise<void> {
    const { context, keypair, log } = this.#dependencies;
    const submission = await this.#unsent(round, 'reveal', signal);
    if (submission === null) return;
    const { manifest, salt, bundle } = submission;
    const reveal = await signReveal(manifest, salt, (message) => keypair.sign(message));
    await context.store.put(bundle, signal);
    const document = await context.store.put(encodeReveal(reveal), signal);
    const block = await context.ledger.commit(encodeNote({ kind: 'reveal', round, document }), signal);
    this.#metrics.submissions.inc({ note: 'reveal' });
    log.info('Revealed', { round, block, document, bytes: bundle.length });
  }

  /** A finished round's verdict; the last one is kept, since both error feedback and metrics ask for it. */
  async #settledIn(round: number, signal: AbortSignal): Promise<Settled> {
    if (this.#settled?.facts.round === round) return this.#settled;
    const { context } = this.#dependencies;
    const facts = await this.#position.participants.of(round, signal);
    const notes = await roundNotes(context, round, signal);
    const base = await this.#position.chain.stateBefore(round, signal);
    this.#settled = { facts, verdict: await roundVerdict(context, facts, notes, base.hash, signal) };
    return this.#settled;
  }

  /** Records what became of this miner in the rounds that ended since the last call. */
  async #recordOutcomes(round: number, signal: AbortSignal): Promise<void> {
    const { context, keypair, log } = this.#dependencies;
    this.#unrecorded ??= round;
    for (; this.#unrecorded < round; this.#unrecorded++) {
      const ended = this.#unrecorded;
      try {
        const { facts, verdict } = await this.#settledIn(ended, signal);
        const uid = uidOf(facts.miners, keypair.hotkey);
        if (uid === null) continue;
        const { lastBlock } = roundWindow(ended, context.definition.schedule);
        const payouts = await context.ledger.payouts(lastBlock, signal);
        const incentive = (payouts.find((payout) => payout.uid === uid)?.incentive ?? 0) / PARTS_PER_BILLION;
        const score = verdict.scores.find((candidate) => candidate.uid === uid) ?? null;
        recordOutcome(this.#metrics, score, incentive);
        log.info('Round settled', {
          round: ended,
          scoreNanoNats: score?.scoreNanoNats ?? null,
          reason: score?.reason ?? null,
          incentive,
        });
      } catch (error) {
        signal.throwIfAborted();
        // No work may be lost for a figure.
        if (!(error instanceof ConnitoError)) throw error;
        log.warn('An outcome could not be read', { round: ended, error });
      }
    }
  }

  /** The round's submission, unless there is none or the ledger already has its note of this kind. */
  async #unsent(
    round: number,
    kind: 'commit' | 'reveal',
    signal: AbortSignal,
  ): Promise<StoredSubmission | null> {
    const { context, keypair, journal, strategy, log } = this.#dependencies;
    const submission = await journal.load(round);
    if (submission === null) {
      log.warn('Nothing to submit', { round, note: kind });
      return null;
    }
    const notes = await roundNotes(context, round, signal);
    const sent = submissionOf(notes, keypair.hotkey, kind, round, context.definition.schedule);
    return sent.kind === 'submitted' ? null : (strategy.pack?.(submission) ?? submission);
  }
}

function randomSeed(): string {
  return toHex(randomBytes(SALT_BYTES));
}
