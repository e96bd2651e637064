import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { initializeParameters, type ModelConfig, saveCheckpoint } from '@connito/model';
import { type RunDefinition, SeededRandom, taggedHash } from '@connito/protocol';
import { createRun, LOCAL_PARAMETERS } from '@connito/run';
import { DirectoryStore } from '@connito/store';

/** A model of the family that computes in milliseconds. It knows nothing, so any honest training helps. */
const TINY: ModelConfig = {
  vocabularySize: 4096,
  hiddenSize: 32,
  layers: 2,
  attentionHeads: 2,
  keyValueHeads: 1,
  headSize: 16,
  experts: 8,
  expertsPerToken: 2,
  expertSize: 32,
  renormalizeGates: true,
  rmsEpsilon: 1e-6,
  ropeTheta: 10_000,
  tiedEmbeddings: true,
  contextSize: 128,
  endOfTextToken: 0,
};

/** Writes a tiny random checkpoint that uses the tokenizer at `tokenizerPath`. */
export async function writeTinyModel(folder: string, tokenizerPath: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const random = new SeededRandom(taggedHash('connito/1/tiny-model'));
  await saveCheckpoint(folder, TINY, initializeParameters(TINY, random), 'F32');
  await copyFile(tokenizerPath, join(folder, 'tokenizer.json'));
}

/** A run over some of the texts with short sequences: the real protocol and model at a small size. */
export async function createSmallRun(
  folder: string,
  modelFolder: string,
  domains: readonly string[],
): Promise<{ readonly definition: RunDefinition; readonly store: DirectoryStore }> {
  const store = await DirectoryStore.open(join(folder, 'artifacts'));
  const { inner, scoring } = LOCAL_PARAMETERS;
  const definition = await createRun({
    model: modelFolder,
    artifacts: store,
    domains,
    threads: 1,
    name: 'small',
    maxDocuments: 120,
    parameters: {
      ...LOCAL_PARAMETERS,
      inner: { ...inner, steps: 6, sequencesPerStep: 8, sequenceLength: 64 },
      scoring: {
        ...scoring,
        domainSequences: 32,
        generalSequences: 8,
        sequenceTokens: 64,
        futilityAfter: 16,
      },
    },
  });
  return { definition, store };
}
