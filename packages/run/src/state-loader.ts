import { createHash } from 'node:crypto';
import { loadCheckpoint } from '@connito/model';
import {
  type ArtifactHash,
  buildState,
  ConnitoError,
  type CreateSha256,
  type ExpertGroupId,
  encodeStateDocument,
  type GroupState,
  groupTensors,
  parseStateDocument,
  readSlice,
  type Sha256,
  type StateDocument,
  type StateHash,
  sliceIndexOf,
  type TensorMap,
} from '@connito/protocol';
import type { CanonicalState } from './canonical-chain.ts';
import type { RunContext } from './context.ts';
import { runError } from './errors.ts';

/** Node's own sha256, many times faster on whole slices than the portable one. */
export const createNativeSha256: CreateSha256 = () => createHash('sha256');
export const nativeSha256: Sha256 = (bytes) => new Uint8Array(createHash('sha256').update(bytes).digest());

/** Every group's parameters and outer momentum. */
export type RunState = {
  readonly hash: StateHash;
  readonly groups: ReadonlyMap<ExpertGroupId, GroupState>;
};

const MAX_STATE_DOCUMENT_BYTES = 64 << 20;

/** The state before the first round: the base model's experts and no momentum. `base` holds at least the groups' tensors. */
export function genesisState(context: Pick<RunContext, 'definition'>, base: TensorMap): RunState {
  const { definition } = context;
  const groups = new Map<ExpertGroupId, GroupState>();
  for (const group of definition.groups) {
    const parameters = new Map();
    const momentum = new Map();
    for (const { name, shape } of groupTensors(group, definition.baseModel.architecture)) {
      const found = base.get(name);
      if (found === undefined) throw runError('base_model_mismatch', `The base model has no tensor ${name}.`);
      parameters.set(name, found);
      momentum.set(name, { shape, data: new Float32Array(found.data.length) });
    }
    groups.set(group.id, { parameters, momentum });
  }
  return { hash: buildState(definition, { round: 0, parent: null, groups }, nativeSha256).hash, groups };
}

/** The state before the first round from a checkpoint, which alone decides it. */
export async function genesisStateOf(
  context: Pick<RunContext, 'definition'>,
  modelFolder: string,
): Promise<RunState> {
  const { parameters } = await loadCheckpoint(modelFolder);
  const base: TensorMap = new Map(
    [...parameters].flatMap(([name, { shape, data }]) =>
      data instanceof Float32Array ? [[name, { shape, data }] as const] : [],
    ),
  );
  return genesisState(context, base);
}

export async function genesisHashOf(
  context: Pick<RunContext, 'definition'>,
  modelFolder: string,
): Promise<StateHash> {
  return (await genesisStateOf(context, modelFolder)).hash;
}

/**
 * Stores a state's slices and document; everything is durable when this resolves. Returns the document's name for the
 * state note.
 */
export async function storeState(
  context: RunContext,
  state: { readonly round: number; readonly parent: StateHash; readonly groups: RunState['groups'] },
): Promise<{ readonly state: RunState; readonly document: ArtifactHash }> {
  const built = buildState(context.definition, state, nativeSha256);
  for (const slice of built.slices) await context.store.put(slice);
  const document = await context.store.put(encodeStateDocument(built.document));
  return { state: { hash: built.hash, groups: state.groups }, document };
}

/** Fetches canonical states, verifying every byte. Slices that did not change since the last one are not fetched again. */
export class StateLoader {
  readonly #context: RunContext;
  readonly #genesis: RunState;
  #slices = new Map<ArtifactHash, TensorMap>();
  #last: RunState;

  constructor(context: RunContext, genesis: RunState) {
    this.#context = context;
    this.#genesis = genesis;
    this.#last = genesis;
  }

  /**
   * The state's tensors; `momentum` only where asked for, since miners do without. Fails with `state_unavailable` where no
   * source has all of it.
   */
  async load(
    canonical: CanonicalState,
    options: { readonly momentum: boolean },
    signal?: AbortSignal,
  ): Promise<RunState> {
    if (canonical.hash === this.#genesis.hash) return this.#genesis;
    if (canonical.hash === this.#last.hash && options.momentum) return this.#last;
    const failures: string[] = [];
    for (const name of canonical.documents) {
      try {
        return await this.#loadFrom(name, canonical.hash, options, signal);
      } catch (error) {
        if (!(error instanceof ConnitoError)) throw error;
        failures.push(`${name.slice(0, 12)}: ${error.message}`);
      }
    }
    const message = `No source has the whole state ${canonical.hash}: ${failures.join('; ') || 'no document is known'}.`;
    throw runError('state_unavailable', message, { state: canonical.hash }, { advice: 'retry' });
  }

  /** Remembers a state that this node computed itself. */
  adopt(state: RunState): void {
    this.#last = state;
  }

  async #loadFrom(
    name: ArtifactHash,
    expected: StateHash,
    { momentum }: { readonly momentum: boolean },
    signal?: AbortSignal,
  ): Promise<RunState> {
    const { definition, store } = this.#context;
    const bytes = await store.get(name, { maxBytes: MAX_STATE_DOCUMENT_BYTES, ...optional(signal) });
    const { document, hash } = parseStateDocument(bytes, definition);
    if (hash !== expected) {
      throw runError('state_unavailable', `the document describes state ${hash}`, {}, { advice: 'reject' });
    }
    const kept = new Map<ArtifactHash, TensorMap>();
    const read = async (group: ExpertGroupId, kind: 'parameters' | 'momentum'): Promise<TensorMap> => {
      const tensors = await this.#slice(document, sliceIndexOf(document, group, kind), signal);
      kept.set(document.slices[sliceIndexOf(document, group, kind)]!.artifact, tensors);
      return tensors;
    };
    const groups = new Map<ExpertGroupId, GroupState>();
    for (const { id } of definition.groups) {
      const parameters = await read(id, 'parameters');
      groups.set(id, { parameters, momentum: momentum ? await read(id, 'momentum') : new Map() });
    }
    this.#slices = kept;
    const state = { hash, groups };
    if (momentum) this.#last = state;
    return state;
  }

  async #slice(document: StateDocument, index: number, signal?: AbortSignal): Promise<TensorMap> {
    const { artifact, bytes } = document.slices[index]!;
    const known = this.#slices.get(artifact);
    if (known !== undefined) return known;
    const data = await this.#context.store.get(artifact, { maxBytes: bytes, ...optional(signal) });
    return readSlice(document, index, data, nativeSha256);
  }
}

/** All groups' parameters in one map. */
export function stateParameters(state: RunState): TensorMap {
  return new Map([...state.groups.values()].flatMap(({ parameters }) => [...parameters]));
}

/** The stores of a signal-taking call: `exactOptionalPropertyTypes` tells absent from undefined. */
function optional(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}
