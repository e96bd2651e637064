import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeDurably } from '@connito/node';
import { decodeRunDefinition, encodeRunDefinition, type RunDefinition } from '@connito/protocol';
import { createRun, LOCAL_PARAMETERS, type RunParameters } from '@connito/run';
import { DirectoryStore } from '@connito/store';

/** The domains a scenario's run adapts: all miners in one group, or in two. */
export type LabDomains = 'math' | 'code+math';

/** The shipped foundation, or a tiny random model over made-up texts: see `tiny-run.ts`. */
export type LabModel = 'foundation' | 'tiny';

export type LabRun = { readonly definition: RunDefinition; readonly store: DirectoryStore };

const { schedule, inner, scoring } = LOCAL_PARAMETERS;

/**
 * The local network's parameters but for the size of things: shorter sequences, and experts of one layer only, so that what is
 * below is computed once. Commit and reveal take two blocks each, for attackers that answer what they see.
 */
export const LAB_PARAMETERS: RunParameters = {
  ...LOCAL_PARAMETERS,
  schedule: { ...schedule, commit: 2, reveal: 2 },
  inner: { ...inner, sequenceLength: 64 },
  scoring: { ...scoring, sequenceTokens: 64, futilityAfter: 16 },
};

/** Experts that a group trains, and documents of each text: enough for exams of 32 sequences that overlap little. */
const SELECTION = { maxPerLayer: 2, layers: [3], share: 1 };
const DOCUMENTS = 400;

/** The run of some domains with the shipped foundation, kept in `folder` once it is made. */
export async function labRun(
  folder: string,
  model: string,
  domains: LabDomains,
  parameters: RunParameters = LAB_PARAMETERS,
): Promise<LabRun> {
  const own = join(folder, domains);
  await mkdir(own, { recursive: true });
  const store = await DirectoryStore.open(join(own, 'artifacts'));
  const path = join(own, 'run.json');
  const known = await readFile(path).catch(() => null);
  if (known !== null) return { definition: decodeRunDefinition(known), store };
  const definition = await createRun({
    ...{ model, artifacts: store, domains: domains.split('+'), threads: 1, name: 'lab' },
    ...{ parameters, selection: SELECTION, maxDocuments: DOCUMENTS },
  });
  await writeDurably(path, encodeRunDefinition(definition));
  return { definition, store };
}
