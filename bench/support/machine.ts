import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { arch, availableParallelism, cpus, loadavg, platform, release, totalmem } from 'node:os';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What a result must say about where it was measured. */
export type Machine = {
  readonly cpu: string;
  readonly cores: number;
  readonly caches: Readonly<Record<string, string>>;
  readonly instructionSets: readonly string[];
  readonly memoryGiB: number;
  readonly system: string;
  readonly node: string;
  readonly onnxruntime: string;
};

const INSTRUCTION_SETS = /^(avx|avx2|fma|avx512f|avx512_vnni|amx_tile|neon|asimd|sve)$/;

export async function describeMachine(): Promise<Machine> {
  const fields = await lscpu();
  const caches = [...fields].filter(([name]) => /^L[23] cache$/.test(name));
  const ort = new URL('../../node_modules/onnxruntime-node/package.json', import.meta.url);
  return {
    cpu: fields.get('Model name') ?? cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    caches: Object.fromEntries(caches),
    instructionSets: (fields.get('Flags') ?? '').split(' ').filter((flag) => INSTRUCTION_SETS.test(flag)),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${release()} ${arch()}`,
    node: process.version,
    onnxruntime: (JSON.parse(await readFile(ort, 'utf8')) as { version: string }).version,
  };
}

async function lscpu(): Promise<Map<string, string>> {
  try {
    const { stdout } = await run('lscpu');
    return new Map(
      stdout.split('\n').map((line) => {
        const [name = '', ...rest] = line.split(':');
        return [name.trim(), rest.join(':').trim()];
      }),
    );
  } catch {
    return new Map();
  }
}

/** Load of the last minute, and processes that used more than a tenth of a core lately, ours left out. */
export async function otherLoad(): Promise<{
  readonly loadAverage: number;
  readonly busy: readonly string[];
}> {
  const loadAverage = loadavg()[0] ?? 0;
  const { stdout } = await run('top', ['-b', '-n', '2', '-d', '1', '-w', '160']);
  const second = stdout.slice(stdout.lastIndexOf('PID USER'));
  const busy = second
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((columns) => Number(columns[8]) >= 10)
    .map((columns) => `${columns.slice(11).join(' ')} ${columns[8]} %`);
  return { loadAverage, busy };
}

/** Largest resident set this process has had, as the kernel counts it. */
export async function peakResidentMebibytes(): Promise<number> {
  return statusMebibytes('VmHWM');
}

/** Resident set now. */
export async function residentMebibytes(): Promise<number> {
  return statusMebibytes('VmRSS');
}

async function statusMebibytes(field: string): Promise<number> {
  const status = await readFile('/proc/self/status', 'utf8');
  const found = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status);
  if (found === null) throw new Error(`/proc/self/status has no ${field}`);
  return Number(found[1]) / 1024;
}
