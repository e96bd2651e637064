import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeLedgerExtract, encodeLedgerExtract } from '@connito/ledger';
import {
  type ArtifactHash,
  decodeCanonical,
  decodeRunDefinition,
  encodeRunDefinition,
  fromHex,
  type Manifest,
  parseStateDocument,
  type RoundNoteKind,
  readNotes,
  roundWindow,
  submissionsOf,
} from '@connito/protocol';
import type { PublicRecord } from '../public-record.ts';

/** One artifact of a record, and the record with one of its bytes changed. */
export type Flippable = {
  /** Such as `bundle`, `ledger extract` or `model file`. */
  readonly kind: string;
  readonly bytes: number;
  /** Calls `use` with the changed record, or with null where its bytes cannot even be read. */
  readonly withFlip: (at: number, use: (record: PublicRecord | null) => Promise<void>) => Promise<void>;
};

const MAX_BYTES = 1 << 30;

/** Every artifact that a round's replay rests on, of every kind there is. */
export async function flippableArtifacts(record: PublicRecord, round: number): Promise<Flippable[]> {
  const { definition, store } = record;
  const stored: { kind: string; hash: ArtifactHash }[] = [];
  const add = (kind: string, hash: ArtifactHash) => stored.push({ kind, hash });
  const { firstBlock, lastBlock } = roundWindow(round, definition.schedule);
  const notes = readNotes(notesOf(record, firstBlock, lastBlock));
  const submitted = <Kind extends RoundNoteKind>(kind: Kind) =>
    submissionsOf(notes, kind, round, definition.schedule).map(({ note }) => note);
  for (const { document } of submitted('reveal')) {
    add('reveal', document);
    const manifest = await manifestOf(record, document);
    if (manifest !== null) add('bundle', manifest.bundleSha256);
  }
  for (const { report } of submitted('report')) add('report', report);
  for (const { mergeReport } of submitted('vote')) add('merge report', mergeReport);
  for (const { document: name } of submitted('state')) {
    if ((await store.size(name)) === null) continue;
    add('state document', name);
    const bytes = await store.get(name, { maxBytes: MAX_BYTES });
    const { document } = parseStateDocument(bytes, definition);
    for (const { kind, artifact } of document.slices) add(`${kind} slice`, artifact);
  }
  const drawn = new Set([
    ...definition.groups.map(({ heldOutSource }) => heldOutSource),
    ...definition.generalSources,
  ]);
  for (const { id, artifact } of definition.sources) if (drawn.has(id)) add('held-out text', artifact);
  add('pinned text', definition.baseModel.check.tokens);

  const flippable: Flippable[] = [flippedDefinition(record), flippedExtract(record)];
  for (const { path, bytes } of definition.baseModel.files)
    flippable.push(flippedModelFile(record, path, bytes));
  for (const { kind, hash } of stored) {
    const bytes = await store.size(hash);
    if (bytes !== null) flippable.push(flippedArtifact(record, kind, hash, bytes));
  }
  return flippable;
}

function notesOf({ extract }: PublicRecord, firstBlock: number, lastBlock: number) {
  return extract.blocks.slice(firstBlock - 1, lastBlock).flatMap(({ content }, i) =>
    content.notes.map(({ hotkey, index, data }) => ({
      hotkey,
      block: firstBlock + i,
      index,
      data: fromHex(data),
    })),
  );
}

async function manifestOf({ store }: PublicRecord, document: ArtifactHash): Promise<Manifest | null> {
  if ((await store.size(document)) === null) return null;
  const bytes = await store.get(document, { maxBytes: MAX_BYTES });
  const { manifest } = decodeCanonical(bytes, { maxBytes: MAX_BYTES }) as unknown as { manifest: Manifest };
  return manifest;
}

function flippedArtifact(record: PublicRecord, kind: string, hash: ArtifactHash, bytes: number): Flippable {
  const { store } = record;
  return {
    ...{ kind, bytes },
    withFlip: (at, use) =>
      use({
        ...record,
        store: {
          size: (name) => store.size(name),
          get: async (name, options) => {
            const content = await store.get(name, options);
            return name === hash ? flipped(content, at) : content;
          },
        },
      }),
  };
}

function flippedDefinition(record: PublicRecord): Flippable {
  const bytes = encodeRunDefinition(record.definition);
  return {
    ...{ kind: 'run definition', bytes: bytes.length },
    withFlip: (at, use) =>
      use(orNull(() => ({ ...record, definition: decodeRunDefinition(flipped(bytes, at)) }))),
  };
}

function flippedExtract(record: PublicRecord): Flippable {
  const bytes = encodeLedgerExtract(record.extract);
  return {
    ...{ kind: 'ledger extract', bytes: bytes.length },
    withFlip: (at, use) =>
      use(orNull(() => ({ ...record, extract: decodeLedgerExtract(flipped(bytes, at)) }))),
  };
}

function flippedModelFile(record: PublicRecord, path: string, bytes: number): Flippable {
  return {
    ...{ kind: 'model file', bytes },
    withFlip: async (at, use) => {
      const folder = await mkdtemp(join(tmpdir(), 'connito-flip-'));
      try {
        await cp(record.modelFolder, folder, { recursive: true });
        await writeFile(join(folder, path), flipped(await readFile(join(folder, path)), at));
        await use({ ...record, modelFolder: folder });
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[at] = copy[at]! ^ 1;
  return copy;
}

function orNull(make: () => PublicRecord): PublicRecord | null {
  try {
    return make();
  } catch {
    return null;
  }
}
