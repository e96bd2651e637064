import { readFile, writeFile } from 'node:fs/promises';
import type { Summary } from '../support/statistics.ts';

export type Scope = 'dense' | 'group';
export type Rematerialization = 'keep' | 'recompute';

/** What a trainee is told: the same for dense and expert-group training but for the names trained. */
export type Job = {
  readonly model: string;
  readonly trained: readonly string[];
  readonly sequences: number;
  readonly tokens: number;
  /** Token ids of each step, `[sequences · (tokens + 1)]`. */
  readonly batches: readonly (readonly number[])[];
  readonly rematerialization: Rematerialization;
  readonly threads: number;
  readonly learningRate: number;
  /** Also encode the delta as a miner does, and report its bytes. */
  readonly encode: boolean;
};

export type Footprint = {
  readonly stepMs: Summary;
  readonly losses: readonly number[];
  /** Resident memory in MiB at points of the process's life; `peak` is the kernel's high-water mark before encoding. */
  readonly resident: {
    readonly started: number;
    readonly loaded: number;
    readonly compiled: number;
    readonly peak: number;
  };
  /** Bytes of arrays by what they hold, counted. */
  readonly bytes: {
    readonly parameters: number;
    /** Copy of the trained tensors: a delta needs the tensors as they were. Zero in dense training, which updates in place. */
    readonly trainedCopy: number;
    readonly gradients: number;
    readonly moments: number;
    /** What the forward pass of one step hands to the backward pass, layer inputs included. */
    readonly activations: number;
  };
  readonly sent: { readonly bundle: number; readonly reveal: number; readonly notes: number } | null;
};

export async function writeJob(path: string, job: Job): Promise<void> {
  await writeFile(path, JSON.stringify(job));
}

export async function readJob(path: string): Promise<Job> {
  return JSON.parse(await readFile(path, 'utf8')) as Job;
}
