import { join } from 'node:path';
import { checkExtract, RecordedLedger } from '@connito/ledger';
import { silentLog } from '@connito/node';
import {
  type ArtifactHash,
  ConnitoError,
  type Hotkey,
  runIdOf,
  type StateHash,
  submissionsOf,
  windowOf,
} from '@connito/protocol';
import {
  acceptedUpdates,
  BUILD,
  CanonicalChain,
  genesisStateOf,
  hashFile,
  type ModelSession,
  openModelSession,
  openReveal,
  Participants,
  type RunContext,
  type RunState,
  roundNotes,
  roundVerdict,
  StateLoader,
  stateParameters,
  stepsVoted,
  TokenSources,
} from '@connito/run';
import { measureMerge, RevealHistory, scoreRound } from '@connito/validator';
import { checkAgreedScores, checkAgreedSteps } from './checks/check-agreement.ts';
import { checkAttestations } from './checks/check-attestations.ts';
import { checkReports } from './checks/check-reports.ts';
import { checkState } from './checks/check-state.ts';
import { checkVotes } from './checks/check-votes.ts';
import { checkWeights } from './checks/check-weights.ts';
import { DuplicateReplay } from './checks/duplicate-replay.ts';
import type { Difference, RoundReplay } from './difference.ts';
import { LossComparison } from './loss-comparison.ts';
import { lastRoundOf, type PublicRecord } from './public-record.ts';
import { RoundNotebook } from './round-notebook.ts';
import type { RoundView } from './round-view.ts';
import { WatchedStore } from './watched-store.ts';

export type ReplayOptions = {
  /** Whether to measure losses, which costs what it cost a validator. Without, reported losses are taken as they are. */
  readonly measuresLosses: boolean;
  /** Threads of the engine. */
  readonly threads: number;
};

/** What the replay may take at most of a text. */
const MAX_SHARD_BYTES = 1 << 30;

/**
 * Recomputes a run from its public record, as a stranger would: with the code a validator runs, but nothing a validator says.
 *
 * @example
 * const opened = await Replay.open(record, { measuresLosses: true, threads: 1 });
 * if (opened.kind === 'opened') {
 *   for (let round = 0; round <= opened.replay.lastRound; round++) print(await opened.replay.round(round, signal));
 *   await opened.replay.stop();
 * }
 */
export class Replay {
  readonly #record: PublicRecord;
  readonly #context: RunContext & { readonly store: WatchedStore };
  readonly #session: ModelSession | null;
  readonly #participants: Participants;
  readonly #chain: CanonicalChain;
  readonly #loader: StateLoader;
  readonly #sources: TokenSources;
  readonly #history: RevealHistory;

  private constructor(
    record: PublicRecord,
    context: RunContext & { readonly store: WatchedStore },
    base: { readonly session: ModelSession | null; readonly genesis: RunState },
  ) {
    this.#record = record;
    this.#context = context;
    this.#session = base.session;
    this.#participants = new Participants(context);
    this.#chain = new CanonicalChain(context, this.#participants, base.genesis.hash);
    this.#loader = new StateLoader(context, base.genesis);
    this.#sources = new TokenSources(context);
    this.#history = new RevealHistory(context, this.#participants, this.#chain, silentLog);
  }

  /**
   * Checks what all rounds rest on: the whole ledger, the base model's files, the run's texts. Where one of them is not what it
   * should be, nothing further can be recomputed.
   */
  static async open(
    record: PublicRecord,
    { measuresLosses, threads }: ReplayOptions,
  ): Promise<
    | { readonly kind: 'opened'; readonly replay: Replay }
    | { readonly kind: 'differs'; readonly differences: readonly Difference[] }
  > {
    const { definition, extract, modelFolder } = record;
    const store = new WatchedStore(record.store);
    const context = { definition, run: runIdOf(definition), ledger: new RecordedLedger(extract), store };
    const notebook = new RoundNotebook(null);
    for (const { block, field, expected, found } of checkExtract(extract)) {
      notebook.differs({ artefact: `ledger block ${block}`, field, expected, found });
    }
    await checkModelFiles(record, notebook);
    await checkTexts(record, store, notebook);
    if (notebook.differences.length > 0) return { kind: 'differs', differences: notebook.differences };
    const session = measuresLosses ? await openModelSession(context, { modelFolder, threads }) : null;
    const genesis = session?.genesis ?? (await genesisStateOf(context, modelFolder));
    return { kind: 'opened', replay: new Replay(record, context, { session, genesis }) };
  }

  /** The last round all of whose blocks are recorded; −1 where none is. */
  get lastRound(): number {
    return lastRoundOf(this.#record);
  }

  /** Names of all artifacts the replay has read so far: what a stranger needs to do the same. */
  get read(): ReadonlySet<ArtifactHash> {
    return this.#context.store.read;
  }

  /** Replays one finished round. Rounds in ascending order are the cheapest: each begins where the last one ended. */
  async round(round: number, signal: AbortSignal): Promise<RoundReplay> {
    const notebook = new RoundNotebook(round);
    const comparison = new LossComparison(this.#context.definition.baseModel.check.toleranceNanoNats);
    const result = { outcome: 'unknown' as RoundReplay['outcome'], state: null as StateHash | null };
    try {
      const outcome = await this.#chain.outcomeOf(round, signal);
      result.outcome = outcome.outcome;
      const state = await this.#replay(round, outcome, notebook, comparison, signal);
      if (state !== null) {
        result.state = state.hash;
        this.#loader.adopt(state);
      }
    } catch (error) {
      // What cannot be fetched or read ends the round: the rest follows from it.
      if (!(error instanceof ConnitoError) || signal.aborted) throw error;
      const found = error.message;
      notebook.differs({ artefact: 'public record', field: error.code, expected: 'readable', found });
    }
    notebook.corrupt(this.#context.store.takeCorrupt());
    return {
      round,
      ...result,
      losses: this.#session === null ? { kind: 'not_measured' } : comparison.agreement,
      differences: notebook.differences,
      findings: notebook.findings,
    };
  }

  /** Ends the model's thread. */
  async stop(): Promise<void> {
    await this.#session?.stop();
  }

  async #replay(
    round: number,
    outcome: Awaited<ReturnType<CanonicalChain['outcomeOf']>>,
    notebook: RoundNotebook,
    comparison: LossComparison,
    signal: AbortSignal,
  ): Promise<RunState | null> {
    const context = this.#context;
    const facts = await this.#participants.of(round, signal);
    const notes = await roundNotes(context, round, signal);
    nameArtifacts(notebook, context, facts, notes);
    const canonical = await this.#chain.stateBefore(round, signal);
    for (const name of canonical.documents) notebook.name(name, 'state document of the round before');
    const base = await this.#loader.load(canonical, { momentum: true }, signal);

    const reveals = [];
    for (const miner of facts.miners) {
      const opened = await openReveal(context, facts, notes, miner, base.hash, signal);
      if (opened.kind === 'valid') notebook.name(opened.manifest.bundleSha256, `bundle of uid ${miner.uid}`);
      reveals.push(opened);
    }
    const verdict = await roundVerdict(context, facts, notes, base.hash, signal);
    for (const reveal of reveals) {
      if (reveal.kind !== 'missing' || !verdict.inputs.reveals.has(reveal.uid)) continue;
      const artefact = `reveal of uid ${reveal.uid}`;
      notebook.differs({ artefact, field: 'bytes', expected: 'attested to', found: reveal.reason });
    }

    await this.#enter(base);
    const own = await this.#ownReport(round, base, reveals, signal);
    const view: RoundView = {
      ...{ context, facts, notes, base, reveals, verdict, own, comparison, notebook },
      build: BUILD,
    };
    const duplicates = await DuplicateReplay.create(view, this.#history, signal);
    const valid = reveals.filter((reveal) => reveal.kind === 'valid');
    this.#history.remember(round, valid);
    const wrongReports = await checkReports(view, this.#sources, duplicates);
    checkAgreedScores(view, wrongReports);
    checkAttestations(view);

    const updates = await acceptedUpdates(context, facts, notes, verdict, base, reveals, signal);
    const steps = stepsVoted(context, facts, notes);
    const merge = await this.#ownMerge(view, updates);
    const wrongVotes = await checkVotes(view, merge);
    checkAgreedSteps(view, steps, merge?.scales ?? null, wrongVotes);
    await checkWeights(view, this.#record.extract, signal);
    return checkState(view, steps, updates, outcome, this.#record.isComplete);
  }

  async #enter(base: RunState): Promise<void> {
    await this.#session?.host.setState(stateParameters(base));
  }

  async #ownReport(
    round: number,
    state: RunState,
    reveals: RoundView['reveals'],
    signal: AbortSignal,
  ): Promise<RoundView['own']> {
    const session = this.#session;
    if (session === null) return null;
    // Nobody signs this report, so it bears nobody's name.
    const validator = 'replay' as Hotkey;
    return scoreRound(
      { round, validator, state, reveals },
      {
        ...{ context: this.#context, session, sources: this.#sources, history: this.#history },
        ...{ build: BUILD, log: silentLog },
      },
      signal,
    );
  }

  async #ownMerge(
    { context, facts, base, verdict }: RoundView,
    updates: Awaited<ReturnType<typeof acceptedUpdates>>,
  ): Promise<Awaited<ReturnType<typeof measureMerge>> | null> {
    if (this.#session === null) return null;
    const { round } = facts;
    const { lastBlock } = windowOf(round, 'attest', context.definition.schedule);
    const { hash: blockHash } = await context.ledger.block(lastBlock);
    const merge = { round, blockHash, state: base, verdict, updates };
    return measureMerge(context, this.#session, this.#sources, merge);
  }
}

/** Tells the notebook what the round's artifacts are, as far as the ledger names them. */
function nameArtifacts(
  notebook: RoundNotebook,
  { definition }: Pick<RunContext, 'definition'>,
  { round, neurons }: RoundView['facts'],
  notes: RoundView['notes'],
): void {
  const { schedule } = definition;
  const uidOf = (hotkey: string) => neurons.find((neuron) => neuron.hotkey === hotkey)?.uid ?? hotkey;
  for (const { hotkey, note } of submissionsOf(notes, 'reveal', round, schedule))
    notebook.name(note.document, `reveal of uid ${uidOf(hotkey)}`);
  for (const { hotkey, note } of submissionsOf(notes, 'report', round, schedule))
    notebook.name(note.report, `report of uid ${uidOf(hotkey)}`);
  for (const { hotkey, note } of submissionsOf(notes, 'vote', round, schedule))
    notebook.name(note.mergeReport, `merge report of uid ${uidOf(hotkey)}`);
  for (const { hotkey, note } of submissionsOf(notes, 'state', round, schedule))
    notebook.name(note.document, `state document of uid ${uidOf(hotkey)}`);
}

async function checkModelFiles(
  { definition, modelFolder }: PublicRecord,
  notebook: RoundNotebook,
): Promise<void> {
  for (const { path, sha256 } of definition.baseModel.files) {
    const artefact = `model file ${path}`;
    try {
      const found = await hashFile(join(modelFolder, path));
      if (found !== sha256) notebook.differs({ artefact, field: 'sha256', expected: sha256, found });
    } catch (error) {
      if (!(error instanceof ConnitoError)) throw error;
      notebook.differs({ artefact, field: 'bytes', expected: sha256, found: error.message });
    }
  }
}

/** Texts that validators draw from must be there; others only in a complete record. */
async function checkTexts(
  { definition, isComplete }: PublicRecord,
  store: WatchedStore,
  notebook: RoundNotebook,
): Promise<void> {
  const { sources, groups, generalSources, baseModel } = definition;
  const drawn = new Set([...groups.map(({ heldOutSource }) => heldOutSource), ...generalSources]);
  const texts = sources.map(({ id, artifact }) => ({
    name: `text ${id}`,
    hash: artifact,
    isRead: drawn.has(id),
  }));
  for (const { name, hash, isRead } of [
    ...texts,
    { name: 'pinned text', hash: baseModel.check.tokens, isRead: true },
  ]) {
    if (!isRead && !isComplete) continue;
    notebook.name(hash, name);
    try {
      await store.get(hash, { maxBytes: MAX_SHARD_BYTES });
    } catch (error) {
      if (!(error instanceof ConnitoError)) throw error;
      if (error.code !== 'artifact_corrupt') notebook.missing(hash);
    }
  }
  notebook.corrupt(store.takeCorrupt());
}
