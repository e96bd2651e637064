import { join } from 'node:path';
import { onnxBackend } from '@connito/engine';
import {
  type Domain,
  expertParameterNames,
  loadTokenizer,
  ModelHost,
  type PreparedShard,
  prepareCorpora,
  type Sequences,
  selectExperts,
  spreadSequences,
} from '@connito/model';

/** What every run of the ablation shares. */
export type Setting = {
  readonly host: ModelHost;
  /** Names of the one group's tensors. */
  readonly trained: readonly string[];
  readonly training: PreparedShard['shard'];
  readonly heldOut: Sequences;
  readonly endOfTextId: number | null;
};

/** A quarter of the local network's inner batch, so that hundreds of rounds take minutes. */
export const SEQUENCES_PER_STEP = 4;
export const SEQUENCE_TOKENS = 64;
/** Held-out sequences that losses are measured on, each of another place of the held-out documents. */
export const HELD_OUT_SEQUENCES = 96;
const PROFILED_SEQUENCES = 48;

/**
 * The model, its group of experts as a run chooses it (a quarter of the experts of each layer of the upper half, by how the
 * domain's text is routed), and the domain's texts. One engine thread, so that CPU time is wall time.
 */
export async function prepareSetting(model: string, domain: Domain): Promise<Setting> {
  const tokenizer = await loadTokenizer(join(model, 'tokenizer.json'));
  const parts = ['adapt', 'heldout'] as const;
  const prepared = await prepareCorpora({ tokenizer, domains: [domain], parts });
  const training = prepared.find(({ part }) => part === 'adapt')!.shard;
  const tokens = SEQUENCE_TOKENS;

  const host = new ModelHost(onnxBackend({ threads: 1 }));
  const config = await host.open(model);
  const { gate } = await host.profile(spreadSequences(training, tokens, PROFILED_SEQUENCES));
  const layers = [...Array(config.layers).keys()].slice(Math.floor(config.layers / 2));
  const group = selectExperts(gate, { share: 1, maxPerLayer: Math.ceil(config.experts / 4), layers });
  return {
    host,
    trained: [...expertParameterNames(group)].sort(),
    training,
    heldOut: spreadSequences(
      prepared.find(({ part }) => part === 'heldout')!.shard,
      tokens,
      HELD_OUT_SEQUENCES,
    ),
    endOfTextId: config.endOfTextToken,
  };
}
