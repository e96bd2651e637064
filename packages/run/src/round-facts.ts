import type { Neuron } from '@connito/ledger';
import {
  type Assignment,
  assignRound,
  declaredGroups,
  type Hotkey,
  type PlacedNote,
  readNotes,
  roundWindow,
  type StakeTable,
  type Uid,
} from '@connito/protocol';
import type { RunContext } from './context.ts';

/** Who takes part in a round and with which task, fixed by the ledger before the round's first block. */
export type RoundFacts = {
  readonly round: number;
  readonly neurons: readonly Neuron[];
  readonly validators: readonly Neuron[];
  readonly miners: readonly Neuron[];
  /** Permitted validators' stake. */
  readonly stakes: StakeTable;
  readonly assignments: ReadonlyMap<Uid, Assignment>;
};

/** Reads rounds' participants from the ledger. Declarations are read once and remembered, however long the run is. */
export class Participants {
  readonly #context: RunContext;
  readonly #declarations: PlacedNote[] = [];
  #readUpTo = -1;

  constructor(context: RunContext) {
    this.#context = context;
  }

  /**
   * A round's participants as of the last block before it. Neurons with a validator permit validate; all others mine. Fails
   * with the ledger's `unknown_block` before that block is sealed.
   */
  async of(round: number, signal?: AbortSignal): Promise<RoundFacts> {
    const { definition, run, ledger } = this.#context;
    const { firstBlock } = roundWindow(round, definition.schedule);
    const neurons = await ledger.neurons(firstBlock - 1, signal);
    const validators = neurons.filter((neuron) => neuron.validatorPermit);
    const miners = neurons.filter((neuron) => !neuron.validatorPermit);
    await this.#readDeclarations(firstBlock - 1, signal);
    const declared = declaredGroups(this.#declarations, firstBlock);
    const registered = miners.map(({ uid, hotkey }) => ({ uid, declared: declared.get(hotkey) ?? null }));
    return {
      round,
      neurons,
      validators,
      miners,
      stakes: new Map(validators.map(({ uid, stake }) => [uid, stake])),
      assignments: assignRound(definition, run, round, registered),
    };
  }

  async #readDeclarations(upTo: number, signal?: AbortSignal): Promise<void> {
    if (upTo <= this.#readUpTo) return;
    const notes = readNotes(await this.#context.ledger.notes(this.#readUpTo + 1, upTo, signal));
    this.#declarations.push(...notes.filter(({ note }) => note.kind === 'declare'));
    this.#readUpTo = upTo;
  }
}

/** The protocol's notes of a round that are sealed so far, in ledger order. */
export async function roundNotes(
  context: RunContext,
  round: number,
  signal?: AbortSignal,
): Promise<PlacedNote[]> {
  const { firstBlock, lastBlock } = roundWindow(round, context.definition.schedule);
  const head = await context.ledger.head(signal);
  const last = Math.min(lastBlock, head.number);
  if (last < firstBlock) return [];
  return readNotes(await context.ledger.notes(firstBlock, last, signal));
}

export function uidOf(neurons: readonly Neuron[], hotkey: Hotkey): Uid | null {
  return neurons.find((neuron) => neuron.hotkey === hotkey)?.uid ?? null;
}
