import type { Sequences } from '@connito/model';
import { type ExpertGroup, pairedStatistics, SeededRandom, taggedHash, utf8 } from '@connito/protocol';
import { pick } from '@connito/run';
import type { LocalRun } from '../support/local-run.ts';

/** Inner steps of the two miners that are compared, at the run's learning rate times `rate`. */
const BUDGETS = [
  { steps: 5, rate: 1 },
  { steps: 100, rate: 1 },
  { steps: 200, rate: 5 },
] as const;
const UNSEEN_DOCUMENTS = 256;

export type Gain = {
  /** Mean loss reduction in nats per token. */
  readonly mean: number;
  readonly standardError: number;
  readonly sequences: number;
};

/** A miner that trains on the public held-out pool against an honest one with the same steps. */
export type MemoriserResult = {
  readonly domain: string;
  readonly steps: number;
  readonly rate: number;
  readonly pool: number;
  readonly honest: Readonly<Record<string, Gain>>;
  readonly memoriser: Readonly<Record<string, Gain>>;
};

/**
 * Gains of both on the pool that exams are drawn from, on text of the same domain that neither saw, and for exercises on
 * pages generated anew.
 */
export async function measureMemorisers(
  run: LocalRun,
  onMeasured: (what: string) => void,
): Promise<MemoriserResult[]> {
  const { definition, session, sources } = run;
  const results: MemoriserResult[] = [];
  for (const group of definition.groups) {
    const pool = await sources.pool(group.heldOutSource);
    const reporting = await sources.pool(`${group.domain}-reporting`);
    const sets: Record<string, Sequences> = {
      'the pool': pick(pool, evenly(pool.count, UNSEEN_DOCUMENTS)),
      'unseen text': pick(reporting, evenly(reporting.count, UNSEEN_DOCUMENTS)),
      ...(group.domain === 'math' ? { 'generated anew': await run.freshMath(UNSEEN_DOCUMENTS) } : {}),
    };
    const before = new Map<string, Float64Array>();
    for (const [name, set] of Object.entries(sets)) before.set(name, await session.host.measure(set));
    const gains = async (delta: Awaited<ReturnType<LocalRun['honest']>>): Promise<Record<string, Gain>> => {
      const found: Record<string, Gain> = {};
      for (const [name, sequences] of Object.entries(sets)) {
        const rows = Array.from({ length: sequences.count }, (_, row) => row);
        await session.host.openExam({ id: name, sequences, lowestLayer: 0, baseRows: [] });
        const change = { kind: 'delta', tensors: delta } as const;
        const result = await session.host.examine(name, change, { domain: rows, general: [] }, null);
        if (result.kind !== 'complete') throw new Error(`a memoriser's update is ${result.kind}`);
        const differences = result.domainAfter.map((after, i) => before.get(name)![i]! - after);
        const { mean, standardError, n } = pairedStatistics(differences, 0.05);
        found[name] = { mean, standardError, sequences: n };
      }
      return found;
    };
    for (const { steps, rate } of BUDGETS) {
      const honest = await gains(await run.honest(group, 0, { steps, rate, label: 'memoriser' }));
      const memoriser = await gains(await run.train(group, poolBatches(run, group, pool, steps), rate));
      results.push({ domain: group.domain, steps, rate, pool: pool.count, honest, memoriser });
      const milli = ({ mean }: Gain): string => (mean * 1000).toFixed(2);
      const text = Object.keys(sets).map(
        (name) => `${name} ${milli(honest[name]!)}/${milli(memoriser[name]!)}`,
      );
      onMeasured(`${group.domain}, ${steps} steps, honest/memoriser: ${text.join(', ')}`);
    }
  }
  return results;
}

/** Batches of the pool's own sequences in random order, epoch after epoch. */
function poolBatches(
  run: LocalRun,
  group: ExpertGroup,
  pool: { readonly count: number; readonly tokens: number; readonly data: Int32Array },
  steps: number,
): Int32Array[] {
  const { sequencesPerStep } = run.definition.inner;
  const width = pool.tokens + 1;
  const random = new SeededRandom(taggedHash('connito/1/bench-memoriser', utf8(group.id)));
  let order: number[] = [];
  return Array.from({ length: steps }, () => {
    const batch = new Int32Array(sequencesPerStep * width);
    for (let i = 0; i < sequencesPerStep; i++) {
      if (order.length === 0) order = random.sample(pool.count, pool.count);
      const row = order.pop()!;
      batch.set(pool.data.subarray(row * width, (row + 1) * width), i * width);
    }
    return batch;
  });
}

function evenly(available: number, wanted: number): number[] {
  const count = Math.min(available, wanted);
  return Array.from({ length: count }, (_, i) => Math.floor((i * available) / count));
}
