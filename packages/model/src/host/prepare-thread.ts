import { parentPort } from 'node:worker_threads';
import type { CorpusPart, Domain } from '../corpus/corpus.ts';
import { type PreparedShard, prepareCorpora } from '../corpus/prepare.ts';
import { loadTokenizer } from '../tokenizer/tokenizer.ts';
import { serveCalls } from './remote.ts';

/** What one thread of `prepareInThreads` answers. */
export class CorpusPreparer {
  async prepare(
    tokenizerPath: string,
    domain: Domain,
    parts: readonly CorpusPart[],
    maxDocuments: number | null,
  ): Promise<PreparedShard[]> {
    const tokenizer = await loadTokenizer(tokenizerPath);
    const limit = maxDocuments === null ? {} : { maxDocuments };
    return prepareCorpora({ tokenizer, domains: [domain], parts, ...limit });
  }
}

if (parentPort !== null) serveCalls(parentPort, new CorpusPreparer());
