import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const FOLDER = new URL('./', import.meta.url);

/** Null where it is there; else the sentence to show. */
export function llamaCppMissing(): string | null {
  if (existsSync(new URL('node_modules/@node-llama-cpp/linux-x64', FOLDER))) return null;
  return 'llama.cpp is not installed: cd tools/llama-cpp && npm ci --omit=optional --ignore-scripts (Linux, x64)';
}

export type LlamaCppAnswer = {
  /** Token ids of each text. */
  readonly texts: readonly (readonly number[])[];
  /** Distributions over the next token after every token of each sequence, `[tokens][vocabulary]`. */
  readonly distributions: readonly (readonly Float32Array[])[];
};

/** What llama.cpp makes of a GGUF file, in a process of its own. */
export async function askLlamaCpp(
  model: string,
  texts: readonly string[],
  sequences: readonly (readonly number[])[],
  vocabularySize: number,
): Promise<LlamaCppAnswer> {
  const folder = await mkdtemp(join(tmpdir(), 'connito-llama-cpp-'));
  try {
    const out = join(folder, 'distributions.f32');
    const child = spawn(process.execPath, ['evaluate.js'], {
      cwd: FOLDER,
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    child.stdin.end(JSON.stringify({ model, texts, sequences, out }));
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    if (code !== 0) throw new Error(`llama.cpp's process ended with ${code}`);
    const bytes = new Uint8Array(await readFile(out));
    const all = new Float32Array(bytes.buffer);
    let at = 0;
    const distributions = sequences.map((sequence) =>
      sequence.map(() => {
        const row = all.subarray(at, at + vocabularySize);
        at += vocabularySize;
        return row;
      }),
    );
    if (at !== all.length) throw new Error(`llama.cpp gave ${all.length} probabilities, expected ${at}`);
    return { texts: JSON.parse(await readFile(`${out}.json`, 'utf8')), distributions };
  } finally {
    await rm(folder, { recursive: true });
  }
}
