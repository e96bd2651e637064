import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { initializeParameters, type ModelConfig, saveCheckpoint, startModelHost } from '@connito/model';
import { SeededRandom, taggedHash, utf8 } from '@connito/protocol';
import type { Finding } from './finding.ts';

/** A model small enough to be made, saved, loaded and run in a moment. */
const TINY: ModelConfig = {
  vocabularySize: 16,
  hiddenSize: 8,
  layers: 1,
  attentionHeads: 2,
  keyValueHeads: 1,
  headSize: 4,
  experts: 4,
  expertsPerToken: 2,
  expertSize: 8,
  renormalizeGates: true,
  rmsEpsilon: 1e-6,
  ropeTheta: 10_000,
  tiedEmbeddings: true,
  contextSize: 16,
  endOfTextToken: null,
};
const TOKENS = Int32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9);
/** What the tiny model's loss is wherever the engine computes rightly. */
const EXPECTED_LOSS = 2.768122;
const TOLERANCE = 1e-4;

/** Measures the tiny model saved in a folder; tests pass one that fails. */
export type MeasureTiny = (folder: string) => Promise<number>;

/** Runs a tiny model on ONNX Runtime, on a thread of its own as nodes do, and compares its loss with the known one. */
export async function checkEngine(measure: MeasureTiny = measureWithHost): Promise<Finding> {
  const remedy = 'Run "npm ci" again; ONNX Runtime needs a 64-bit Linux (glibc), macOS or Windows.';
  const folder = await mkdtemp(join(tmpdir(), 'connito-doctor-'));
  try {
    const random = new SeededRandom(taggedHash('connito/1/foundation-parameters', utf8('doctor')));
    await saveCheckpoint(folder, TINY, initializeParameters(TINY, random), 'F32');
    const loss = await measure(folder);
    if (Math.abs(loss - EXPECTED_LOSS) <= TOLERANCE) {
      return { status: 'ok', found: 'ONNX Runtime computes on the CPU, and rightly' };
    }
    const found = `ONNX Runtime computes wrongly: a loss of ${loss} instead of ${EXPECTED_LOSS}`;
    return { status: 'fail', found, remedy };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { status: 'fail', found: `ONNX Runtime does not work: ${why}`, remedy };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measureWithHost(folder: string): Promise<number> {
  const { host, stop } = startModelHost(1);
  try {
    await host.open(folder);
    const [loss] = await host.measure({ count: 1, tokens: TOKENS.length - 1, data: TOKENS });
    return loss ?? Number.NaN;
  } finally {
    await stop();
  }
}
