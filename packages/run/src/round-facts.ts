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

/** Blocks of notes that are asked for at once: what is not a declaration is let go before the next ones come. */
const BLOCKS_AT_ONCE = 256;

/** The declarations among the notes of blocks `0..readUpTo`, in ledger order. */
export type DeclarationLog = {
  readonly readUpTo: number;
  readonly declarations: readonly PlacedNote<'declare'>[];
  /** Takes in what blocks `readUpTo + 1..upTo` hold. */
  add(declarations: readonly PlacedNote<'declare'>[], upTo: number): void;
};

class RememberedDeclarations implements DeclarationLog {
  readonly declarations: PlacedNote<'declare'>[] = [];
  readUpTo = -1;

  add(declarations: readonly PlacedNote<'declare'>[], upTo: number): void {
    this.declarations.push(...declarations);
    this.readUpTo = upTo;
  }
}

/**
 * Reads rounds' participants from the ledger. Declarations are read once and remembered, however long the run is: by the
 * process, or by a `log` that outlives it.
 */
export class Participants {
  readonly #context: RunContext;
  readonly #log: DeclarationLog;
  /** The reading that goes on: two at once would add the same notes twice. */
  #reading: Promise<void> = Promise.resolve();

  constructor(context: RunContext, log: DeclarationLog = new RememberedDeclarations()) {
    this.#context = context;
    this.#log = log;
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
    const declared = declaredGroups(this.#log.declarations, firstBlock);
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

  #readDeclarations(upTo: number, signal?: AbortSignal): Promise<void> {
    this.#reading = this.#reading.catch(() => undefined).then(() => this.#continueReading(upTo, signal));
    return this.#reading;
  }

  async #continueReading(upTo: number, signal?: AbortSignal): Promise<void> {
    const log = this.#log;
    while (log.readUpTo < upTo) {
      const last = Math.min(upTo, log.readUpTo + BLOCKS_AT_ONCE);
      const notes = readNotes(await this.#context.ledger.notes(log.readUpTo + 1, last, signal));
      const declarations = notes.filter(
        (placed): placed is PlacedNote<'declare'> => placed.note.kind === 'declare',
      );
      log.add(declarations, last);
    }
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
