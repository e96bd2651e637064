import { honestStrategy, type MinerStrategy } from '@connito/miner';
import {
  decodeCanonical,
  encodeNote,
  encodeReveal,
  MAX_REVEAL_BYTES,
  type PlacedNote,
  type Reveal,
  type RoundNoteKind,
  revealSchema,
  sha256Hex,
  signReveal,
  submissionsOf,
  utf8,
} from '@connito/protocol';
import { fetchOrNull, nativeSha256, type RoundPoint, type RunContext, roundNotes } from '@connito/run';
import type { ArtifactStore } from '@connito/store';
import type { MinerBehaviour, RoleParts, ValidatorBehaviour } from '../network/behaviour.ts';
import type { Packing } from './packing.ts';

/** A miner whose update comes from a strategy, and who submits it as all do. */
export function miner(strategy: MinerStrategy = honestStrategy): MinerBehaviour {
  return { strategy };
}

/** A miner that trains honestly and misdescribes what it sends. */
export function packing(pack: Packing): MinerBehaviour {
  return { strategy: { ...honestStrategy, name: 'packing', pack } };
}

/** Does the work of one phase in another: its notes are included too late. */
export function late(phase: 'commit' | 'reveal', within: 'reveal' | 'evaluate'): MinerBehaviour {
  return {
    strategy: honestStrategy,
    phaseOf: (point) => {
      if (point.phase === phase) return null;
      return point.phase === within ? { ...point, phase } : point;
    },
  };
}

/** Works honestly and declares that it can serve one domain only, from the next round on. */
export function crowding(domain: string): MinerBehaviour {
  return {
    strategy: honestStrategy,
    besides: async ({ context }, point, signal) => {
      if (point.round > 0 || point.phase !== 'distribute') return;
      const groups = context.definition.groups.flatMap((group, i) => (group.domain === domain ? [i] : []));
      await context.ledger.commit(encodeNote({ kind: 'declare', groups }), signal);
    },
  };
}

/** Commits to honest work and never shows it. */
export function neverRevealing(): MinerBehaviour {
  return { strategy: honestStrategy, phaseOf: (point) => (point.phase === 'reveal' ? null : point) };
}

/** Commits to the bytes of another miner's commitment, and reveals that miner's reveal as its own. */
export function commitmentCopier(): MinerBehaviour {
  return {
    strategy: honestStrategy,
    phaseOf: withoutOwnNotes,
    besides: async (parts, point, signal) => {
      if (point.phase !== 'commit' && point.phase !== 'reveal') return;
      const rival = await seenOfRival(parts, point, point.phase, signal);
      if (rival !== null) await parts.context.ledger.commit(encodeNote(rival.note), signal);
    },
  };
}

/** Commits to work of its own and reveals a rival's bundle under its own name and signature. */
export function bundleThief(): MinerBehaviour {
  return {
    strategy: honestStrategy,
    phaseOf: (point) => (point.phase === 'reveal' ? null : point),
    besides: async ({ context, keypair }, point, signal) => {
      if (point.phase !== 'reveal') return;
      const rival = await seenOfRival({ context, keypair }, point, 'reveal', signal);
      if (rival === null) return;
      const stolen = await readReveal(context, rival, signal);
      if (stolen === null) return;
      const manifest = { ...stolen.manifest, hotkey: keypair.hotkey };
      const reveal = await signReveal(manifest, stolen.salt, (message) => keypair.sign(message));
      await revealBytes(context, point.round, encodeReveal(reveal), signal);
    },
  };
}

/** Reveals bytes that are no reveal: too many to be fetched, or not of its shape. */
export function revealing(bytes: (round: number) => Uint8Array): MinerBehaviour {
  return {
    strategy: honestStrategy,
    phaseOf: (point) => (point.phase === 'reveal' ? null : point),
    besides: async ({ context }, point, signal) => {
      const isFirst = point.lastBlock - point.blocksLeft === point.firstBlock;
      if (point.phase === 'reveal' && isFirst)
        await revealBytes(context, point.round, bytes(point.round), signal);
    },
  };
}

export const bomb = (): Uint8Array => new Uint8Array(MAX_REVEAL_BYTES + 1);
export const gibberish = (round: number): Uint8Array =>
  utf8(`{"manifest":${'['.repeat(1000)},"round":${round}`);

/** A miner that shows its bytes to one validator alone, and that validator. */
export function selectiveReveal(strategy: MinerStrategy = honestStrategy): {
  readonly miner: MinerBehaviour;
  readonly confidant: Pick<ValidatorBehaviour, 'contextOf'>;
} {
  const shown = new Map<string, Uint8Array>();
  return {
    miner: { strategy, contextOf: (context) => withStore(context, hiding(context.store, shown)) },
    confidant: { contextOf: (context) => withStore(context, seeing(context.store, shown)) },
  };
}

function hiding(store: ArtifactStore, shown: Map<string, Uint8Array>): ArtifactStore {
  return {
    ...methodsOf(store),
    put: async (bytes, signal) => {
      signal?.throwIfAborted();
      const hash = sha256Hex(bytes, nativeSha256);
      shown.set(hash, bytes);
      return hash;
    },
  };
}

function seeing(store: ArtifactStore, shown: ReadonlyMap<string, Uint8Array>): ArtifactStore {
  return {
    ...methodsOf(store),
    get: async (hash, options) => shown.get(hash) ?? store.get(hash, options),
  };
}

function methodsOf(store: ArtifactStore): ArtifactStore {
  return {
    put: (bytes, signal) => store.put(bytes, signal),
    get: (hash, options) => store.get(hash, options),
    getRange: (hash, start, end, signal) => store.getRange(hash, start, end, signal),
    size: (hash, signal) => store.size(hash, signal),
    list: (signal) => store.list(signal),
    prune: (keep, signal) => store.prune(keep, signal),
  };
}

function withStore(context: RunContext, store: ArtifactStore): RunContext {
  return { ...context, store };
}

function withoutOwnNotes(point: RoundPoint): RoundPoint | null {
  return point.phase === 'commit' || point.phase === 'reveal' ? null : point;
}

/** The first other miner's note of this window, seen from the window's later blocks; null once the own note is there. */
async function seenOfRival<Kind extends RoundNoteKind>(
  { context, keypair }: RoleParts,
  point: RoundPoint,
  kind: Kind,
  signal: AbortSignal,
): Promise<PlacedNote<Kind> | null> {
  if (point.lastBlock - point.blocksLeft === point.firstBlock) return null;
  const notes = await roundNotes(context, point.round, signal);
  const seen = submissionsOf(notes, kind, point.round, context.definition.schedule);
  if (seen.some(({ hotkey }) => hotkey === keypair.hotkey)) return null;
  const head = await context.ledger.head(signal);
  const neurons = await context.ledger.neurons(head.number, signal);
  const rival = neurons.find(({ hotkey, validatorPermit }) => !validatorPermit && hotkey !== keypair.hotkey);
  return seen.find(({ hotkey }) => hotkey === rival?.hotkey) ?? null;
}

async function readReveal(
  context: RunContext,
  rival: PlacedNote<'reveal'>,
  signal: AbortSignal,
): Promise<Reveal | null> {
  const bytes = await fetchOrNull(context, rival.note.document, MAX_REVEAL_BYTES, signal);
  return bytes && revealSchema.parse(decodeCanonical(bytes, { maxBytes: MAX_REVEAL_BYTES }));
}

async function revealBytes(
  { ledger, store }: RunContext,
  round: number,
  bytes: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  const document = await store.put(bytes, signal);
  await ledger.commit(encodeNote({ kind: 'reveal', round, document }), signal);
}
