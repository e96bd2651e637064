import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Keypair, type Log, sleep, systemClock, writeDurably } from '@connito/node';
import {
  type ArtifactHash,
  chainWeights,
  encodeMergeReport,
  encodeNote,
  encodeReport,
  MAX_REPORT_BYTES,
  type PlacedNote,
  type RoundNoteKind,
  sha256Hex,
  signMergeReport,
  signReport,
  submissionOf,
  submissionsOf,
  type Uid,
  windowOf,
} from '@connito/protocol';
import {
  acceptedUpdates,
  fetchOrNull,
  type ModelSession,
  mergedDeltas,
  nativeSha256,
  type OpenedReveal,
  openReveal,
  type RoundFacts,
  type RoundPoint,
  type RoundVerdict,
  type RunContext,
  type RunMetrics,
  RunPosition,
  type RunState,
  roundCredits,
  roundNotes,
  roundVerdict,
  stepGroups,
  stepsVoted,
  storeState,
  TokenSources,
  uidOf,
} from '@connito/run';
import { RevealHistory } from './duplicate-check.ts';
import { measureMerge } from './measure-merge.ts';
import {
  createValidatorMetrics,
  recordAgreedScores,
  recordReport,
  type StateComparison,
  type ValidatorMetrics,
} from './metrics.ts';
import { scoreRound } from './score-round.ts';
import { honestValidator, type ValidatorStrategy, type ValidatorTask } from './strategy.ts';

export type ValidatorOptions = {
  /** The validator's own durable state. */
  readonly stateFolder: string;
  /** Names model build and arithmetic in reports. */
  readonly build: string;
  /** How long to wait in the attest window for other validators' reports. */
  readonly reportWaitMs: number;
};

export type ValidatorDependencies = {
  readonly context: RunContext;
  readonly keypair: Keypair;
  readonly session: ModelSession;
  readonly log: Log;
  /** Default: send what was measured. */
  readonly strategy?: ValidatorStrategy;
  /** Default: recorded for nobody. */
  readonly metrics?: ValidatorMetrics;
  readonly runMetrics?: RunMetrics;
};

const REPORT_POLL_MS = 100;

/** Everything the steps of one round share. Rebuilt from ledger and store after a restart. */
type RoundWork = {
  readonly facts: RoundFacts;
  readonly state: RunState;
  reveals: readonly OpenedReveal[] | null;
  /** From the vote on: all it follows from is sealed then. */
  verdict: RoundVerdict | null;
};

/**
 * One validator. `act` does what the open block's phase asks for. Whatever the ledger already holds is not sent again, and
 * what must outlive the process is on disk before the note that refers to it is sent.
 */
export class Validator {
  readonly #options: ValidatorOptions;
  readonly #dependencies: ValidatorDependencies;
  readonly #position: RunPosition;
  readonly #sources: TokenSources;
  readonly #history: RevealHistory;
  readonly #strategy: ValidatorStrategy;
  readonly #metrics: ValidatorMetrics;
  #work: RoundWork | null = null;

  constructor(options: ValidatorOptions, dependencies: ValidatorDependencies) {
    const { context, session, log, runMetrics, strategy = honestValidator } = dependencies;
    this.#metrics = dependencies.metrics ?? createValidatorMetrics();
    this.#strategy = strategy;
    this.#options = options;
    this.#dependencies = dependencies;
    const recording = runMetrics === undefined ? {} : { metrics: runMetrics };
    this.#position = new RunPosition(context, session, { momentum: true, ...recording });
    this.#sources = new TokenSources(context);
    this.#history = new RevealHistory(context, this.#position.participants, this.#position.chain, log);
  }

  async act(point: RoundPoint, openBlock: number, signal: AbortSignal): Promise<void> {
    const { round } = point;
    const work = await this.#enter(round, signal);
    if (!work.facts.stakes.has(this.#ownUid(work))) return;
    switch (point.phase) {
      case 'evaluate':
        // The seed is the hash of the window's first block, which is still open on the first call.
        if (openBlock === point.firstBlock) await this.#openReveals(work, signal);
        else await this.#report(work, signal);
        return;
      case 'merge':
        if (point.step === 'attest') await this.#attest(work, signal);
        else if (point.step === 'vote') await this.#vote(work, signal);
        else await this.#postState(work, signal);
        return;
      case 'publish':
        await this.#setWeights(work, signal);
        return;
      default:
        return;
    }
  }

  async #enter(round: number, signal: AbortSignal): Promise<RoundWork> {
    if (this.#work?.facts.round === round) return this.#work;
    const state = await this.#position.enter(round, signal);
    const facts = await this.#position.participants.of(round, signal);
    if (this.#work !== null) await this.#recordStates(this.#work.facts, round, signal);
    this.#work = { facts, state, reveals: null, verdict: null };
    return this.#work;
  }

  /** Records how this validator's states compare with the canonical ones, of its last round and those it missed since. */
  async #recordStates(last: RoundFacts, round: number, signal: AbortSignal): Promise<void> {
    const uid = uidOf(last.validators, this.#dependencies.keypair.hotkey);
    for (let ended = last.round; ended < round; ended++) {
      const { outcome, state, votes } = await this.#position.chain.outcomeOf(ended, signal);
      const own = votes.find(({ validator }) => validator === uid)?.state ?? null;
      const comparison = (): StateComparison => {
        if (outcome === 'void') return 'void';
        if (own === null) return 'none';
        return own === state.hash ? 'canonical' : 'other';
      };
      this.#metrics.states.inc({ state: comparison() });
    }
  }

  #ownUid({ facts }: RoundWork): Uid {
    return uidOf(facts.validators, this.#dependencies.keypair.hotkey) ?? (-1 as Uid);
  }

  /** Fetches, checks and decodes what miners revealed. */
  async #openReveals(work: RoundWork, signal: AbortSignal): Promise<readonly OpenedReveal[]> {
    if (work.reveals !== null) return work.reveals;
    const { context } = this.#dependencies;
    const { facts, state } = work;
    const notes = await roundNotes(context, facts.round, signal);
    const reveals: OpenedReveal[] = [];
    for (const miner of facts.miners) {
      reveals.push(await openReveal(context, facts, notes, miner, state.hash, signal));
    }
    work.reveals = reveals;
    const valid = reveals.filter((reveal) => reveal.kind === 'valid');
    this.#history.remember(facts.round, valid);
    return reveals;
  }

  /** A reveal that came after its window was not on the ledger yet when the reveals were opened. */
  async #withLateReveals(
    { facts, state }: RoundWork,
    reveals: readonly OpenedReveal[],
    signal: AbortSignal,
  ): Promise<readonly OpenedReveal[]> {
    const { context } = this.#dependencies;
    const notes = await roundNotes(context, facts.round, signal);
    return Promise.all(
      reveals.map((reveal) => {
        if (reveal.kind !== 'invalid' || reveal.reason !== 'not_revealed') return reveal;
        const miner = facts.miners.find(({ uid }) => uid === reveal.uid)!;
        return openReveal(context, facts, notes, miner, state.hash, signal);
      }),
    );
  }

  /** Scores all updates and commits to the report, whose bytes stay here until every report is committed to. */
  async #report(work: RoundWork, signal: AbortSignal): Promise<void> {
    const { context, keypair, session, log } = this.#dependencies;
    const { round } = work.facts;
    if (await this.#isSent('report', work, signal)) return;
    const reveals = await this.#withLateReveals(work, await this.#openReveals(work, signal), signal);
    const { build } = this.#options;
    const input = { round, validator: keypair.hotkey, state: work.state, reveals };
    const dependencies = { context, session, sources: this.#sources, history: this.#history, build, log };
    const measure = () => scoreRound(input, dependencies, signal);
    const report = await (this.#strategy.report?.(measure, this.#task(work)) ?? measure());
    if (report === null) return;
    const bytes = encodeReport(await signReport(report, (message) => keypair.sign(message)));
    await mkdir(this.#options.stateFolder, { recursive: true });
    await writeDurably(this.#reportPath(round), bytes);
    const hash = sha256Hex(bytes, nativeSha256);
    const block = await context.ledger.commit(encodeNote({ kind: 'report', round, report: hash }), signal);
    recordReport(this.#metrics, report);
    const scored = report.outcomes.filter((outcome) => outcome.kind === 'scored').length;
    log.info('Committed to a report', { round, block, miners: report.outcomes.length, scored });
  }

  /** Publishes the own report, gathers the others' and attests to what this validator holds. */
  async #attest(work: RoundWork, signal: AbortSignal): Promise<void> {
    const { context, log } = this.#dependencies;
    const { facts } = work;
    const { round } = facts;
    const own = await readOptional(this.#reportPath(round));
    const isPublished = this.#strategy.publishesReport?.(this.#task(work)) ?? true;
    if (own !== null && isPublished) await context.store.put(own, signal);
    if (await this.#isSent('attest', work, signal)) return;
    const notes = await roundNotes(context, round, signal);
    const reports = await this.#gatherReports(facts, notes, signal);
    const reveals = (await this.#openReveals(work, signal))
      .filter((reveal) => reveal.kind === 'valid')
      .map(({ uid }) => uid);
    const held = { kind: 'attest', round, reveals: ascending(reveals), reports: ascending(reports) } as const;
    const note = this.#strategy.attest === undefined ? held : this.#strategy.attest(held, this.#task(work));
    if (note === null) return;
    const block = await context.ledger.commit(encodeNote(note), signal);
    log.info('Attested', { round, block, reveals: reveals.length, reports: reports.length });
  }

  /** Validators whose committed reports can be fetched; waits a bounded time for those still on their way. */
  async #gatherReports(facts: RoundFacts, notes: readonly PlacedNote[], signal: AbortSignal): Promise<Uid[]> {
    const { context } = this.#dependencies;
    const missing = new Map<Uid, ArtifactHash>();
    for (const { hotkey, note } of submissionsOf(notes, 'report', facts.round, context.definition.schedule)) {
      const uid = uidOf(facts.validators, hotkey);
      if (uid !== null) missing.set(uid, note.report);
    }
    const held: Uid[] = [];
    const deadline = systemClock.nowMs() + this.#options.reportWaitMs;
    for (;;) {
      for (const [uid, hash] of missing) {
        if ((await fetchOrNull(context, hash, MAX_REPORT_BYTES, signal)) === null) continue;
        held.push(uid);
        missing.delete(uid);
      }
      if (missing.size === 0 || systemClock.nowMs() >= deadline) return held;
      await sleep(systemClock, REPORT_POLL_MS, signal);
    }
  }

  async #verdictOf(
    work: RoundWork,
    notes: readonly PlacedNote[],
    signal: AbortSignal,
  ): Promise<RoundVerdict> {
    const { context } = this.#dependencies;
    work.verdict ??= await roundVerdict(context, work.facts, notes, work.state.hash, signal);
    return work.verdict;
  }

  /** Measures the candidate merge and votes on its step. */
  async #vote(work: RoundWork, signal: AbortSignal): Promise<void> {
    const { context, keypair, session, log } = this.#dependencies;
    const { facts, state } = work;
    const { round } = facts;
    if (await this.#isSent('vote', work, signal)) return;
    const notes = await roundNotes(context, round, signal);
    const verdict = await this.#verdictOf(work, notes, signal);
    const updates = await acceptedUpdates(context, facts, notes, verdict, state, work.reveals ?? [], signal);
    const { lastBlock } = windowOf(round, 'attest', context.definition.schedule);
    const { hash: blockHash } = await context.ledger.block(lastBlock, signal);
    const measure = () =>
      measureMerge(context, session, this.#sources, { round, blockHash, state, verdict, updates });
    const measured = await (this.#strategy.vote?.(measure, this.#task(work)) ?? measure());
    if (measured === null) return;
    const report = {
      protocol: 'connito/1' as const,
      ...{
        run: context.run,
        round,
        validator: keypair.hotkey,
        baseState: state.hash,
        build: this.#options.build,
      },
      groups: [...measured.groups],
    };
    const signed = await signMergeReport(report, (message) => keypair.sign(message));
    const mergeReport = await context.store.put(encodeMergeReport(signed), signal);
    const note = encodeNote({ kind: 'vote', round, mergeReport, scales: measured.scales });
    const block = await context.ledger.commit(note, signal);
    this.#metrics.votes.inc();
    log.info('Voted on the merge', { round, block, scales: measured.scales });
  }

  /** Computes the next state from the votes alone and posts its hash. */
  async #postState(work: RoundWork, signal: AbortSignal): Promise<void> {
    const { context, log } = this.#dependencies;
    const { facts, state } = work;
    const { round } = facts;
    if (await this.#isSent('state', work, signal)) return;
    const notes = await roundNotes(context, round, signal);
    const steps = stepsVoted(context, facts, notes);
    if (steps.kind === 'void') {
      log.warn('Too little stake voted; the round is void', { round, voted: `${steps.votedStake}` });
      return;
    }
    const verdict = await this.#verdictOf(work, notes, signal);
    const updates = await acceptedUpdates(context, facts, notes, verdict, state, work.reveals ?? [], signal);
    const merged = mergedDeltas(context, state, updates);
    const groups = stepGroups(context, state, merged, (group) => steps.steps.get(group) ?? null);
    const next = await storeState(context, { round: round + 1, parent: state.hash, groups });
    this.#position.loader.adopt(next.state);
    const computed = { kind: 'state', round, state: next.state.hash, document: next.document } as const;
    const note =
      this.#strategy.state === undefined ? computed : this.#strategy.state(computed, this.#task(work));
    if (note === null) return;
    const block = await context.ledger.commit(encodeNote(note), signal);
    log.info('Posted the next state', { round, block, state: next.state.hash, merged: [...merged.keys()] });
  }

  async #setWeights(work: RoundWork, signal: AbortSignal): Promise<void> {
    const { context, log } = this.#dependencies;
    const { facts } = work;
    const notes = await roundNotes(context, facts.round, signal);
    const verdict = await this.#verdictOf(work, notes, signal);
    recordAgreedScores(this.#metrics, verdict.scores);
    const { credits } = await roundCredits(context, facts, notes, verdict, signal);
    const earned = chainWeights(credits, context.definition);
    const weights =
      this.#strategy.weights === undefined ? earned : this.#strategy.weights(earned, this.#task(work));
    if (weights === null) return;
    // Posted also when empty: weights of an earlier round would pay for its work once more.
    await context.ledger.setWeights(weights, signal);
    this.#metrics.chainWeights.set(weights.length);
    if (weights.length === 0) log.warn('Nobody earned in this round', { round: facts.round });
    else log.info('Set chain weights', { round: facts.round, miners: weights.length });
  }

  #task({ facts }: RoundWork): ValidatorTask {
    const { context, session } = this.#dependencies;
    return { context, facts, genesisState: session.genesis.hash };
  }

  async #isSent(kind: RoundNoteKind, { facts }: RoundWork, signal: AbortSignal): Promise<boolean> {
    const { context, keypair } = this.#dependencies;
    const notes = await roundNotes(context, facts.round, signal);
    const sent = submissionOf(notes, keypair.hotkey, kind, facts.round, context.definition.schedule);
    return sent.kind === 'submitted';
  }

  #reportPath(round: number): string {
    return join(this.#options.stateFolder, `report-${round}`);
  }
}

function ascending(uids: readonly Uid[]): Uid[] {
  return [...uids].sort((a, b) => a - b);
}

async function readOptional(path: string): Promise<Uint8Array | null> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
