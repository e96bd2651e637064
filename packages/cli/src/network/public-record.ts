import type { Archive, PublicRecord } from '@connito/replay';
import { DirectoryStore } from '@connito/store';
import { readDefinition } from './create-network.ts';
import { readNetwork } from './network-file.ts';
import { openNetworkLedger } from './network-ledger.ts';

/** The public record of a network's directory, running or not, up to the head of its ledger. */
export async function networkRecord(
  directory: string,
  { model, signal }: { readonly model: string | null; readonly signal: AbortSignal },
): Promise<PublicRecord> {
  const { layout, network } = await readNetwork(directory);
  const definition = await readDefinition(layout, network);
  using opened = await openNetworkLedger(layout);
  const { number } = await opened.ledger.head(signal);
  return {
    definition,
    extract: await opened.extract(number, signal),
    store: await DirectoryStore.open(layout.artifacts),
    modelFolder: model ?? network.model,
    isComplete: true,
  };
}

/** The public record in an archive; its model is unpacked for as long as the result lives, unless another folder has it. */
export async function archiveRecord(
  archive: Archive,
  model: string | null,
): Promise<AsyncDisposable & { readonly record: PublicRecord }> {
  const unpacked = model === null ? await archive.unpackModel() : null;
  const dispose = async () => unpacked?.[Symbol.asyncDispose]();
  try {
    const record = await archive.record(model ?? unpacked!.folder);
    return { record, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}
