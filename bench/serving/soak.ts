/**
 * Many streaming clients, some of whom leave early, while experts are swapped and rolled back:
 *
 *   npx node bench/serving/soak.ts [--clients 64] [--minutes 5] [--swap-seconds 10] [--out file.json]
 *
 * The server is a process of its own (`connito serve`, loopback). Checks that no answer is lost, that every greedy answer
 * equals the one written alone by the same parameters up to a near-tie, and that memory stays flat. Exits with 1 otherwise.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { encodeSafetensors, loadCheckpoint } from '@connito/model';
import { describeMachine, otherLoad } from '../support/machine.ts';
import { median } from '../support/statistics.ts';

const { values: flags } = parseArgs({
  options: {
    clients: { type: 'string', default: '64' },
    minutes: { type: 'string', default: '5' },
    'swap-seconds': { type: 'string', default: '10' },
    out: { type: 'string' },
  },
});
const CLIENTS = Number(flags.clients);
const DURATION_MS = Number(flags.minutes) * 60_000;
const SWAP_MS = Number(flags['swap-seconds']) * 1_000;

const MODEL = 'models/foundation';
const KEY = 'sk-soak-only-0123456789';
/** Below this difference between the two most likely tokens, in nats, rounding may choose. */
const NEAR_TIE = 1e-3;
/** Share of the requests whose client leaves after a random number of tokens. */
const LEAVING = 0.3;
/** Memory is compared between the second and the last quarter: the first fills caches and pools. */
const MAX_GROWTH = 0.1;
/**
 * Swaps before the time begins, one after the other under load: each starts a thread, memory rises with the first of them
 * and then no more, and glibc gives every new thread a pool of its own until there are eight for each core.
 */
const WARM_UP_SWAPS = 8 * cpus().length;
const PROMPTS = [
  'My fellow citizens, the state of the Union',
  'The Congress of the United States',
  'Permission is hereby granted, free of charge,',
  'Redistribution and use in source and binary forms',
  'import { Vector3 } from',
  'function clamp( value, min, max ) {',
  'Solve for x: 3x + 5 =',
  'The sum of 12 and 30 is',
];
const LENGTHS = [16, 40, 96];

type Spoken = { readonly tokens: readonly string[]; readonly margins: readonly number[] };
type Outcome = 'finished' | 'left' | 'lost';

const folder = await mkdtemp(join(tmpdir(), 'connito-soak-'));
const keysFile = join(folder, 'keys');
const overlay = join(folder, 'expert.safetensors');
await writeFile(keysFile, `${KEY} soak admin\n`);
await writeOverlay(overlay);

const server = spawn(
  process.execPath,
  [
    'packages/cli/bin/connito.js',
    'serve',
    '--port',
    '0',
    '--model',
    MODEL,
    '--api-keys',
    keysFile,
    '--max-waiting',
    '512',
  ],
  { stdio: ['ignore', 'pipe', 'inherit'] },
);
const url = await new Promise<string>((resolve, reject) => {
  let text = '';
  server.stdout!.on('data', (bytes: Buffer) => {
    text += bytes.toString();
    const found = /"url":"([^"]+)"/.exec(text)?.[1];
    if (found !== undefined) resolve(found);
  });
  server.on('exit', (code) => reject(new Error(`the server ended with ${code}: ${text}`)));
});

const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${KEY}` };
const admin = async (path: string, body: object = {}): Promise<number> => {
  const response = await fetch(new URL(`/admin/models/foundation/${path}`, url), {
    method: 'POST',
    headers,
    body: JSON.stringify(body),
  });
  const answer = (await response.json()) as { version?: number };
  if (answer.version === undefined) throw new Error(`${path} was refused: ${JSON.stringify(answer)}`);
  return answer.version;
};

try {
  // Version 1 is the base, 2 has another expert, 3 is the base again, and so on.
  const alone = new Map<string, Spoken>();
  for (const changed of [false, true]) {
    if (changed) await admin('swap', { overlays: [overlay] });
    for (const prompt of PROMPTS) {
      const { spoken } = await speak(prompt, Math.max(...LENGTHS), null);
      alone.set(`${changed} ${prompt}`, spoken);
    }
  }
  await admin('rollback');
  const result = await soak(alone);
  console.log(JSON.stringify({ ...result, memory: { ...result.memory, samples: undefined } }, null, 2));
  if (flags.out !== undefined) await writeFile(flags.out, `${JSON.stringify(result, null, 2)}\n`);
  if (!result.passed) process.exitCode = 1;
} finally {
  server.kill('SIGTERM');
  await rm(folder, { recursive: true });
}

async function soak(alone: ReadonlyMap<string, Spoken>) {
  let started = Infinity;
  const running = () => performance.now() < started + DURATION_MS;
  const outcomes: Record<Outcome, number> = { finished: 0, left: 0, lost: 0 };
  const losses: string[] = [];
  const differences: { version: number; at: number; margin: number }[] = [];
  const firstMs: number[] = [];
  const wholeMs: number[] = [];
  let tokens = 0;
  let comparedTokens = 0;

  const client = async (number: number): Promise<void> => {
    const random = seeded(number + 1);
    while (running()) {
      const prompt = PROMPTS[Math.floor(random() * PROMPTS.length)]!;
      const length = LENGTHS[Math.floor(random() * LENGTHS.length)]!;
      const leaveAfter = random() < LEAVING ? Math.floor(random() * length) : null;
      try {
        const said = await speak(prompt, length, leaveAfter);
        outcomes[said.outcome] += 1;
        const isTimed = performance.now() >= started;
        if (isTimed) tokens += said.spoken.tokens.length;
        if (isTimed && said.firstMs !== null) firstMs.push(said.firstMs);
        if (said.outcome === 'left') continue;
        if (said.outcome === 'lost') {
          losses.push('a stream ended without its end');
          continue;
        }
        if (isTimed) wholeMs.push(said.wholeMs);
        const expected = alone.get(`${said.version! % 2 === 0} ${prompt}`)!;
        const at = said.spoken.tokens.findIndex((token, i) => token !== expected.tokens[i]);
        comparedTokens += at < 0 ? said.spoken.tokens.length : at + 1;
        if (at >= 0)
          differences.push({ version: said.version!, at, margin: expected.margins[at] ?? Infinity });
        else if (said.spoken.tokens.length < Math.min(length, expected.tokens.length))
          losses.push(`an answer ended after ${said.spoken.tokens.length} of ${length} tokens`);
      } catch (error) {
        outcomes.lost += 1;
        losses.push(String(error));
      }
    }
  };
  const swaps = { done: 0, refused: 0 };
  let isChanged = false;
  const swap = async (): Promise<void> => {
    isChanged = !isChanged;
    await admin(isChanged ? 'swap' : 'rollback', isChanged ? { overlays: [overlay] } : {}).then(
      () => {
        swaps.done += 1;
      },
      (error: unknown) => {
        swaps.refused += 1;
        losses.push(String(error));
      },
    );
  };
  const swapping = async (): Promise<void> => {
    for (let i = 0; i < WARM_UP_SWAPS; i++) await swap();
    started = performance.now();
    for (;;) {
      const left = started + DURATION_MS - performance.now();
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, Math.min(SWAP_MS, left))));
      if (!running()) break;
      await swap();
    }
  };
  const samples: { readonly seconds: number; readonly mebibytes: number }[] = [];
  const measuring = async (): Promise<void> => {
    while (running()) {
      const seconds = (performance.now() - started) / 1_000;
      if (seconds >= 0) samples.push({ seconds, mebibytes: await residentOfServer() });
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  };
  await Promise.all([...Array.from({ length: CLIENTS }, (_, i) => client(i)), swapping(), measuring()]);
  const seconds = (performance.now() - started) / 1_000;

  const quarter = (which: number): number =>
    median(
      samples
        .slice(Math.floor((samples.length * which) / 4), Math.floor((samples.length * (which + 1)) / 4))
        .map(({ mebibytes }) => mebibytes),
    );
  const growth = quarter(3) / quarter(1) - 1;
  const wrong = differences.filter(({ margin }) => !(margin < NEAR_TIE));
  return {
    passed: outcomes.lost === 0 && losses.length === 0 && wrong.length === 0 && growth < MAX_GROWTH,
    clients: CLIENTS,
    seconds,
    outcomes,
    losses: losses.slice(0, 20),
    swaps,
    warmUpSwaps: WARM_UP_SWAPS,
    tokensPerSecond: tokens / seconds,
    greedy: {
      comparedAnswers: outcomes.finished,
      comparedTokens,
      nearTies: differences.length - wrong.length,
      wrong: wrong.slice(0, 20),
      wrongCount: wrong.length,
    },
    firstTokenMs: percentiles(firstMs),
    answerMs: percentiles(wholeMs),
    memory: { secondQuarterMebibytes: quarter(1), lastQuarterMebibytes: quarter(3), growth, samples },
    machine: await describeMachine(),
    load: await otherLoad(),
  };
}

/** One streamed greedy answer; with `leaveAfter`, the client disconnects after so many tokens. */
async function speak(prompt: string, length: number, leaveAfter: number | null) {
  const started = performance.now();
  const leaving = new AbortController();
  const tokens: string[] = [];
  const margins: number[] = [];
  let firstMs: number | null = null;
  let version: number | null = null;
  let isDone = false;
  const result = (outcome: Outcome) => ({
    outcome,
    spoken: { tokens, margins } satisfies Spoken,
    firstMs,
    wholeMs: performance.now() - started,
    version,
  });
  const body = JSON.stringify({
    model: 'foundation',
    prompt,
    max_tokens: length,
    temperature: 0,
    logprobs: 2,
    stream: true,
  });
  if (leaveAfter === 0) {
    const response = fetch(new URL('/v1/completions', url), {
      method: 'POST',
      headers,
      body,
      signal: leaving.signal,
    });
    leaving.abort();
    await response.catch(() => undefined);
    return result('left');
  }
  const response = await fetch(new URL('/v1/completions', url), {
    method: 'POST',
    headers,
    body,
    signal: leaving.signal,
  });
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
  let rest = '';
  for await (const text of response.body!.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split('\n\n');
    rest = parts.pop()!;
    for (const part of parts) {
      const data = part.slice('data: '.length);
      if (data === '[DONE]') {
        isDone = true;
        continue;
      }
      const chunk = JSON.parse(data) as {
        readonly error?: { readonly message: string };
        readonly choices: readonly {
          readonly finish_reason: string | null;
          readonly logprobs: {
            readonly tokens: string[];
            readonly top_logprobs: Record<string, number>[];
          } | null;
        }[];
        readonly connito?: { readonly version: number };
      };
      if (chunk.error !== undefined) throw new Error(chunk.error.message);
      const [choice] = chunk.choices;
      firstMs ??= performance.now() - started;
      tokens.push(...(choice?.logprobs?.tokens ?? []));
      for (const top of choice?.logprobs?.top_logprobs ?? []) {
        const [first = 0, second = Number.NEGATIVE_INFINITY] = Object.values(top).sort((a, b) => b - a);
        margins.push(first - second);
      }
      version = chunk.connito?.version ?? version;
    }
    if (leaveAfter !== null && tokens.length >= leaveAfter) {
      leaving.abort();
      return result('left');
    }
  }
  return result(isDone && version !== null ? 'finished' : 'lost');
}

/** One expert of the upper layers, changed enough to change answers. */
async function writeOverlay(path: string): Promise<void> {
  const { parameters } = await loadCheckpoint(MODEL);
  const changed = new Map(
    [2, 3].flatMap((layer) =>
      [1, 5].map((expert) => {
        const name = `model.layers.${layer}.mlp.experts.${expert}.down_proj.weight`;
        const trained = parameters.get(name)!;
        return [
          name,
          { ...trained, data: Float32Array.from(trained.data as Float32Array, (x) => -1.5 * x) },
        ] as const;
      }),
    ),
  );
  await writeFile(path, encodeSafetensors(changed, 'F32'));
}

async function residentOfServer(): Promise<number> {
  const status = await readFile(`/proc/${server.pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1_024;
}

function percentiles(values: readonly number[]) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number | null => sorted[Math.floor(sorted.length * share)] ?? null;
  return { count: sorted.length, p50: at(0.5), p99: at(0.99), max: sorted.at(-1) ?? null };
}

function seeded(seed: number): () => number {
  let state = seed * 0x9e3779b1;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 0x85ebca6b) + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 13), 0xc2b2ae35);
    mixed ^= mixed >>> 16;
    return (mixed >>> 0) / 2 ** 32;
  };
}
