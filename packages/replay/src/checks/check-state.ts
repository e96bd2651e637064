import {
  buildState,
  ConnitoError,
  encodeStateDocument,
  type StateHash,
  sha256Hex,
  submissionOf,
  type VotedSteps,
} from '@connito/protocol';
import {
  type AcceptedUpdates,
  mergedDeltas,
  nativeSha256,
  type RoundOutcome,
  type RunState,
  stepGroups,
} from '@connito/run';
import { type RoundView, readOrNull } from '../round-view.ts';

type Computed = {
  readonly state: RunState;
  readonly document: Uint8Array;
  readonly slices: readonly Uint8Array[];
};

/**
 * Recomputes the round's next state from the votes on the ledger and compares it, bit for bit, with the canonical one: its hash,
 * its document and, in a complete record, every slice. Returns the state the round leads to, or null where the record has another.
 */
export async function checkState(
  view: RoundView,
  steps: VotedSteps,
  updates: AcceptedUpdates,
  outcome: RoundOutcome,
  isComplete: boolean,
): Promise<RunState | null> {
  const { facts, notes, base, notebook, context } = view;
  const next = nextState(view, steps, updates);
  const expected: StateHash | null = next?.state.hash ?? null;
  for (const validator of facts.validators) {
    const note = submissionOf(notes, validator.hotkey, 'state', facts.round, context.definition.schedule);
    if (note.kind !== 'submitted') continue;
    const artefact = `state note of uid ${validator.uid}`;
    notebook.compares(validator, { artefact, field: 'state' }, expected, note.note.state);
    if (next === null || note.note.state !== expected) continue;
    const document = sha256Hex(next.document, nativeSha256);
    notebook.compares(validator, { artefact, field: 'document' }, document, note.note.document);
  }
  if (outcome.outcome === 'void') return base;
  if (next === null || outcome.state.hash !== expected) {
    const found = outcome.state.hash;
    notebook.differs({
      artefact: 'state',
      field: 'hash',
      expected: expected ?? 'none: the round is void',
      found,
    });
    return null;
  }
  await checkBytes(view, next, outcome, isComplete);
  return next.state;
}

function nextState(view: RoundView, steps: VotedSteps, updates: AcceptedUpdates): Computed | null {
  const { context, base, facts } = view;
  if (steps.kind === 'void') return null;
  try {
    const merged = mergedDeltas(context, base, updates);
    const groups = stepGroups(context, base, merged, (group) => steps.steps.get(group) ?? null);
    const identity = { round: facts.round + 1, parent: base.hash, groups };
    const { document, hash, slices } = buildState(context.definition, identity, nativeSha256);
    return { state: { hash, groups }, document: encodeStateDocument(document), slices };
  } catch (error) {
    // A step that leaves float32's range is one that nobody can take.
    if (!(error instanceof ConnitoError)) throw error;
    return null;
  }
}

async function checkBytes(
  view: RoundView,
  { document, slices }: Computed,
  { state }: RoundOutcome,
  isComplete: boolean,
): Promise<void> {
  const { notebook } = view;
  const own = sha256Hex(document, nativeSha256);
  for (const name of state.documents) {
    notebook.name(name, 'state document');
    // Another document for the right state is its validators' finding; bytes that follow from the rest must be there.
    if (name === own && (await readOrNull(view, name, document.length)) === null) notebook.missing(name);
  }
  if (!isComplete) return;
  for (const slice of slices) {
    const hash = sha256Hex(slice, nativeSha256);
    notebook.name(hash, 'state slice');
    if ((await readOrNull(view, hash, slice.length)) === null) notebook.missing(hash);
  }
}
