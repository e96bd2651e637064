import { Worker } from 'node:worker_threads';
import type { CorpusPart, Domain } from '../corpus/corpus.ts';
import type { PreparedShard } from '../corpus/prepare.ts';
import type { CorpusPreparer } from './prepare-thread.ts';
import { connectCalls } from './remote.ts';

export type PrepareInThreadsOptions = {
  readonly tokenizerPath: string;
  /** Which parts of which domain are wanted. */
  readonly parts: ReadonlyMap<Domain, readonly CorpusPart[]>;
  readonly threads: number;
  /** The first so many documents of each part, for tests. */
  readonly maxDocuments?: number;
};

/** Reads, divides and tokenises corpora like `prepareCorpora`, several domains at a time. Results come in the map's order. */
export async function prepareInThreads(options: PrepareInThreadsOptions): Promise<PreparedShard[]> {
  const { tokenizerPath, parts, threads, maxDocuments = null } = options;
  const domains = [...parts.keys()];
  const prepared = new Map<Domain, PreparedShard[]>();
  const pending = [...domains];
  const work = async (): Promise<void> => {
    const worker = new Worker(new URL('./prepare-thread.ts', import.meta.url));
    const { remote, stop } = connectCalls<CorpusPreparer>(worker);
    try {
      for (let domain = pending.shift(); domain !== undefined; domain = pending.shift()) {
        prepared.set(domain, await remote.prepare(tokenizerPath, domain, parts.get(domain)!, maxDocuments));
      }
    } finally {
      await stop();
    }
  };
  await Promise.all(Array.from({ length: Math.min(threads, domains.length) }, work));
  return domains.flatMap((domain) => prepared.get(domain)!);
}
