import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeDurably } from '@connito/node';
import {
  decodeDelta,
  float32Bytes,
  groupOf,
  groupTensors,
  type Manifest,
  manifestSchema,
  type RunDefinition,
  readFloat32,
  sha256Hex,
  type TensorMap,
  utf8,
} from '@connito/protocol';
import { nativeSha256 } from '@connito/run';
import { z } from 'zod';

/** What a miner must not lose between commitment and reveal, and its error feedback. */
export type Submission = {
  readonly manifest: Manifest;
  readonly salt: string;
  readonly bundle: Uint8Array;
  /** What the encoding lost; the next round may add it. */
  readonly residual: TensorMap;
};

/** A submission as read again. The residual is null where its file is damaged: all else can do without it. */
export type StoredSubmission = Omit<Submission, 'residual'> & { readonly residual: TensorMap | null };

const schema = z.object({ manifest: manifestSchema, salt: z.string(), residualSha256: z.string() });

/**
 * A miner's submissions on disk, one folder a round: salt, manifest and bundle are durable before the commitment is sent, so
 * that a miner killed at any moment can still reveal what it committed to.
 */
export class Journal {
  readonly #folder: string;
  readonly #definition: RunDefinition;

  private constructor(folder: string, definition: RunDefinition) {
    this.#folder = folder;
    this.#definition = definition;
  }

  static async open(folder: string, definition: RunDefinition): Promise<Journal> {
    await mkdir(folder, { recursive: true });
    return new Journal(folder, definition);
  }

  async save(round: number, submission: Submission): Promise<void> {
    const folder = this.#of(round);
    await mkdir(folder, { recursive: true });
    await writeDurably(join(folder, 'bundle'), submission.bundle);
    const residual = packed(submission.residual);
    await writeDurably(join(folder, 'residual'), residual);
    // Last: its presence says that the others are whole.
    const { manifest, salt } = submission;
    const document = { manifest, salt, residualSha256: sha256Hex(residual, nativeSha256) };
    await writeDurably(join(folder, 'submission.json'), utf8(JSON.stringify(document)));
  }

  /** A round's submission, or null where none was completed. */
  async load(round: number): Promise<StoredSubmission | null> {
    const folder = this.#of(round);
    const text = await readOptional(join(folder, 'submission.json'));
    const bundle = await readOptional(join(folder, 'bundle'));
    const residual = await readOptional(join(folder, 'residual'));
    if (text === null || bundle === null) return null;
    const { manifest, salt, residualSha256 } = schema.parse(JSON.parse(new TextDecoder().decode(text)));
    const isWhole = residual !== null && sha256Hex(residual, nativeSha256) === residualSha256;
    return { manifest, salt, bundle, residual: isWhole ? unpacked(residual, this.#specs(manifest)) : null };
  }

  /** The delta a submission's bundle stands for. */
  sentBy({ manifest, bundle }: Pick<Submission, 'manifest' | 'bundle'>): TensorMap {
    const decoded = decodeDelta(this.#definition.codec, bundle, this.#specs(manifest));
    if (decoded.kind === 'invalid') throw new Error(`the journal's own bundle is damaged: ${decoded.why}`);
    return decoded.delta;
  }

  /** The last round before `round` with a completed submission, or null. */
  async latestBefore(round: number): Promise<number | null> {
    const earlier = (await this.#rounds()).filter((candidate) => candidate < round).sort((a, b) => b - a);
    for (const candidate of earlier) if ((await this.load(candidate)) !== null) return candidate;
    return null;
  }

  /** Deletes rounds before `round`. */
  async prune(round: number): Promise<void> {
    for (const candidate of await this.#rounds()) {
      if (candidate < round) await rm(this.#of(candidate), { recursive: true, force: true });
    }
  }

  /** Rounds that were at least begun to be saved, in no order. */
  async #rounds(): Promise<number[]> {
    return (await readdir(this.#folder)).flatMap((name) => {
      const number = /^round-(\d+)$/.exec(name)?.[1];
      return number === undefined ? [] : [Number(number)];
    });
  }

  #of(round: number): string {
    return join(this.#folder, `round-${round}`);
  }

  #specs(manifest: Manifest): ReturnType<typeof groupTensors> {
    return groupTensors(groupOf(this.#definition, manifest.group), this.#definition.baseModel.architecture);
  }
}

function packed(tensors: TensorMap): Uint8Array {
  const names = [...tensors.keys()].sort();
  const parts = names.map((name) => float32Bytes(tensors.get(name)!.data));
  return Buffer.concat(parts);
}

function unpacked(bytes: Uint8Array, specs: ReturnType<typeof groupTensors>): TensorMap {
  const tensors = new Map<string, { shape: readonly number[]; data: Float32Array }>();
  let offset = 0;
  for (const { name, shape } of specs) {
    const elements = shape.reduce((a, b) => a * b, 1);
    tensors.set(name, { shape, data: readFloat32(bytes, offset, elements) });
    offset += elements * 4;
  }
  return tensors;
}

async function readOptional(path: string): Promise<Uint8Array | null> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
