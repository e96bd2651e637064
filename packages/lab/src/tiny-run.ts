import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  createTokenShard,
  initializeParameters,
  type ModelConfig,
  type PreparedShard,
  saveCheckpoint,
} from '@connito/model';
import { SeededRandom, taggedHash, utf8 } from '@connito/protocol';
import { createRun, KNOWN_DOMAINS, LOCAL_PARAMETERS } from '@connito/run';
import { DirectoryStore } from '@connito/store';
import type { LabRun } from './lab-run.ts';

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
  // Not the hidden size, so that a transposed tensor has another shape.
  expertSize: 24,
  renormalizeGates: true,
  rmsEpsilon: 1e-6,
  ropeTheta: 10_000,
  tiedEmbeddings: true,
  contextSize: 128,
  endOfTextToken: 0,
};

/** Tokens that made-up texts use, and so the vocabulary of a model for them alone. */
const MADE_UP_VOCABULARY = 256;
const SEQUENCE_TOKENS = 32;
const DOCUMENTS = { adapt: 120, heldout: 96, reporting: 48 } as const;

/** Writes a tiny random checkpoint that uses the tokenizer at `tokenizerPath`. */
export async function writeTinyModel(
  folder: string,
  tokenizerPath: string,
  vocabularySize = TINY.vocabularySize,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const random = new SeededRandom(taggedHash('connito/1/tiny-model'));
  const config = { ...TINY, vocabularySize };
  await saveCheckpoint(folder, config, initializeParameters(config, random), 'F32');
  await copyFile(tokenizerPath, join(folder, 'tokenizer.json'));
}

/** A run of a tiny model over made-up texts, made in a second: the real protocol and engine, for tests. */
export async function createTinyRun(
  folder: string,
  tokenizerPath: string,
  domains: readonly string[],
): Promise<LabRun & { readonly modelFolder: string }> {
  const modelFolder = join(folder, 'model');
  await writeTinyModel(modelFolder, tokenizerPath, MADE_UP_VOCABULARY);
  const store = await DirectoryStore.open(join(folder, 'artifacts'));
  const { schedule, inner, scoring } = LOCAL_PARAMETERS;
  const definition = await createRun({
    ...{ model: modelFolder, artifacts: store, domains, threads: 1, name: 'tiny', corpora: madeUpCorpora() },
    selection: { maxPerLayer: 4, layers: [0, 1], share: 1 },
    parameters: {
      ...LOCAL_PARAMETERS,
      schedule: { ...schedule, commit: 2, reveal: 2 },
      inner: {
        ...inner,
        steps: 6,
        sequenceLength: SEQUENCE_TOKENS,
        learningRate: '0.006',
        maxTravel: '0.45',
      },
      // A model that knows nothing unlearns nothing: general loss moves, and means little.
      scoring: { ...scoring, sequenceTokens: SEQUENCE_TOKENS, futilityAfter: 16, generalCharge: '0.1' },
    },
  });
  return { definition, store, modelFolder };
}

/** Texts in which a token mostly decides the next one, by another rule in each domain. */
function madeUpCorpora(): PreparedShard[] {
  const parts = Object.entries(DOCUMENTS) as [keyof typeof DOCUMENTS, number][];
  return KNOWN_DOMAINS.flatMap((domain, d) =>
    parts.map(([part, count]): PreparedShard => {
      const random = new SeededRandom(taggedHash('connito/1/tiny-text', utf8(`${domain}/${part}`)));
      const documents = Array.from({ length: count }, (_, i) => {
        const tokens = new Uint32Array(2 * SEQUENCE_TOKENS);
        let token = 1 + random.nextBelow(MADE_UP_VOCABULARY - 1);
        for (let at = 0; at < tokens.length; at++) {
          tokens[at] = token;
          const isLawful = random.nextBelow(16) > 0;
          const next = isLawful ? token * (2 * d + 3) + 7 * d + 1 : random.nextBelow(MADE_UP_VOCABULARY);
          token = 1 + (next % (MADE_UP_VOCABULARY - 1));
        }
        return { tokens, cluster: `${domain}/${part}/${i}` };
      });
      const shard = createTokenShard(documents, MADE_UP_VOCABULARY);
      const origin = { licence: 'MIT', provenance: 'made up' };
      return { domain, part, ...origin, textBytes: shard.tokens.length, shard };
    }),
  );
}
