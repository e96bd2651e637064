import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeLedgerExtract } from '@connito/ledger';
import { DurableFile } from '@connito/node';
import { type ArtifactHash, encodeRunDefinition, roundWindow, runIdOf, sha256Hex } from '@connito/protocol';
import { nativeSha256 } from '@connito/run';
import type { Difference } from '../difference.ts';
import { replayError } from '../errors.ts';
import type { PublicRecord } from '../public-record.ts';
import { Replay } from '../replay.ts';
import { artifactName, DEFINITION_NAME, encodeIndex, INDEX_NAME, LEDGER_NAME } from './archive-index.ts';
import { END_BYTES, paddingOf, ustarHeader } from './ustar.ts';

export type ExportOptions = {
  readonly path: string;
  readonly firstRound: number;
  readonly lastRound: number;
  readonly includesModel: boolean;
};

export type Exported = {
  readonly bytes: number;
  readonly artifacts: number;
  /** What the replay of the exported rounds met on the way, losses not measured; the archive has it too. */
  readonly differences: readonly Difference[];
};

type Entry = {
  readonly name: string;
  readonly bytes: number;
  readonly content: () => AsyncIterable<Uint8Array>;
};

/** No artifact of a run is larger. */
const MAX_ARTIFACT_BYTES = 1 << 30;

/**
 * Writes an archive of some finished rounds: exactly what a replay of them reads. It is found out by replaying them, so an archive
 * lacks nothing that was there.
 */
export async function exportRounds(
  record: PublicRecord,
  { path, firstRound, lastRound, includesModel }: ExportOptions,
  signal: AbortSignal,
): Promise<Exported> {
  const { definition, modelFolder, store } = record;
  const { lastBlock } = roundWindow(lastRound, definition.schedule);
  if (lastBlock > record.extract.blocks.length) {
    const message = `Round ${lastRound} ends with block ${lastBlock}, but the ledger's last one is ${record.extract.blocks.length}.`;
    throw replayError('record_incomplete', message, { round: lastRound });
  }
  const extract = { ...record.extract, blocks: record.extract.blocks.slice(0, lastBlock) };
  const options = { measuresLosses: false, threads: 1 };
  const opened = await Replay.open({ ...record, extract, isComplete: false }, options);
  if (opened.kind === 'differs') return { bytes: 0, artifacts: 0, differences: opened.differences };
  const { replay } = opened;
  const differences: Difference[] = [];
  for (let round = firstRound; round <= lastRound; round++) {
    differences.push(...(await replay.round(round, signal)).differences);
  }
  await replay.stop();

  const ledger = encodeLedgerExtract(extract);
  const index = encodeIndex({
    format: 'connito/1/archive',
    run: runIdOf(definition),
    ...{ firstRound, lastRound },
    ledger: sha256Hex(ledger, nativeSha256),
  });
  const entries: Entry[] = [
    whole(INDEX_NAME, index),
    whole(LEDGER_NAME, ledger),
    whole(DEFINITION_NAME, encodeRunDefinition(definition)),
  ];
  for (const hash of replay.read) {
    const bytes = await store.size(hash, signal);
    if (bytes !== null) entries.push(await artifact(store, hash, bytes));
  }
  if (includesModel) {
    for (const { path: file, sha256 } of definition.baseModel.files) {
      const from = join(modelFolder, file);
      const { size } = await stat(from);
      entries.push({ name: artifactName(sha256), bytes: size, content: () => createReadStream(from) });
    }
  }
  const bytes = await write(path, entries, signal);
  return { bytes, artifacts: entries.length - 3, differences };
}

function whole(name: string, bytes: Uint8Array): Entry {
  return {
    name,
    bytes: bytes.length,
    content: async function* () {
      yield bytes;
    },
  };
}

async function artifact(store: PublicRecord['store'], hash: ArtifactHash, bytes: number): Promise<Entry> {
  return {
    name: artifactName(hash),
    bytes,
    content: async function* () {
      yield await store.get(hash, { maxBytes: MAX_ARTIFACT_BYTES });
    },
  };
}

/** Names ascend, and none is written twice. */
async function write(path: string, entries: readonly Entry[], signal: AbortSignal): Promise<number> {
  const byName = new Map(entries.map((entry) => [entry.name, entry]));
  await using file = await DurableFile.create(path);
  let total = 0;
  const append = async (bytes: Uint8Array): Promise<void> => {
    await file.write(bytes);
    total += bytes.length;
  };
  for (const name of [...byName.keys()].sort()) {
    signal.throwIfAborted();
    const { bytes, content } = byName.get(name)!;
    await append(ustarHeader(name, bytes));
    const before = total;
    for await (const chunk of content()) await append(chunk);
    if (total - before !== bytes) {
      throw replayError('record_incomplete', `${name} changed while it was written.`, { name });
    }
    await append(new Uint8Array(paddingOf(bytes)));
  }
  await append(new Uint8Array(END_BYTES));
  await file.commit();
  return total;
}
