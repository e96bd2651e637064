import type { Domain } from '../corpus/corpus.ts';
import { sequencesOf } from '../corpus/sequences.ts';
import type { TokenShard } from '../corpus/token-shard.ts';
import type { Parameters } from '../parameters.ts';
import type { ForwardPass } from '../transformer/forward-pass.ts';
import { SequenceLosses, type Sequences } from './sequence-losses.ts';

/** At most `limit` sequences of a shard, spread evenly over it. */
export function spreadSequences(shard: TokenShard, tokens: number, limit: number): Sequences {
  const pool = sequencesOf(shard, tokens);
  const available = pool.documents.length;
  const count = Math.min(limit, available);
  const width = tokens + 1;
  const data = new Int32Array(count * width);
  for (let i = 0; i < count; i++) {
    const row = Math.floor((i * available) / count);
    data.set(pool.tokens.subarray(row * width, (row + 1) * width), i * width);
  }
  return { count, tokens, data };
}

/** Mean loss of a model over some sequences of each domain, in nats per token. */
export async function domainLosses(
  pass: ForwardPass,
  parameters: Parameters,
  sequences: ReadonlyMap<Domain, Sequences>,
): Promise<Map<Domain, number>> {
  const losses = new Map<Domain, number>();
  for (const [domain, chosen] of sequences) {
    const each = await new SequenceLosses(pass, chosen).measure(parameters);
    losses.set(domain, each.reduce((sum, loss) => sum + loss, 0) / each.length);
  }
  return losses;
}
