import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import {
  decodeTokenShard,
  type ModelConfig,
  type RemoteModelHost,
  sequencesOf,
  startModelHost,
} from '@connito/model';
import { type ArtifactHash, groupTensors, NANO_NATS_PER_NAT, type RunDefinition } from '@connito/protocol';
import type { RunContext } from './context.ts';
import { runError } from './errors.ts';
import { genesisState, type RunState } from './state-loader.ts';

const MAX_CHECK_BYTES = 1 << 24;

/** The run's base model on a thread of its own, checked against the run definition. */
export type ModelSession = {
  readonly host: RemoteModelHost;
  readonly config: ModelConfig;
  readonly genesis: RunState;
  readonly stop: () => Promise<void>;
};

/**
 * Loads the base model and refuses to go on with another one: every file's hash, then the loss on the pinned text, must be
 * those of the run definition. Fails with `base_model_mismatch` or the errors of `loadCheckpoint`.
 */
export async function openModelSession(
  context: Pick<RunContext, 'definition' | 'store'>,
  options: { readonly modelFolder: string; readonly threads: number },
): Promise<ModelSession> {
  const { definition } = context;
  await requireFiles(definition, options.modelFolder);
  const { host, stop } = startModelHost(options.threads);
  try {
    const config = await host.open(options.modelFolder);
    await requireLoss(context, host);
    const names = definition.groups.flatMap((group) =>
      groupTensors(group, definition.baseModel.architecture).map(({ name }) => name),
    );
    return { host, config, genesis: genesisState(context, await host.baseParameters(names)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function requireFiles(definition: RunDefinition, folder: string): Promise<void> {
  for (const { path, sha256 } of definition.baseModel.files) {
    const found = await hashFile(join(folder, path));
    if (found !== sha256) {
      const message = `${join(folder, path)} has sha256 ${found}, but the run's base model has ${sha256}. Use the run's model, or start a run of your own in another directory.`;
      throw runError('base_model_mismatch', message, { path, found, expected: sha256 });
    }
  }
}

/** sha256 of a file, read in pieces. Fails with `base_model_mismatch` where it does not exist. */
export async function hashFile(path: string): Promise<ArtifactHash> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(path), hash);
  } catch (cause) {
    const message = `${path} cannot be read; the model folder must hold every file of the run's base model.`;
    throw runError('base_model_mismatch', message, { path }, { cause });
  }
  return hash.digest('hex') as ArtifactHash;
}

async function requireLoss(
  { definition, store }: Pick<RunContext, 'definition' | 'store'>,
  host: RemoteModelHost,
): Promise<void> {
  const { tokens, lossNanoNats, toleranceNanoNats } = definition.baseModel.check;
  const shard = decodeTokenShard(await store.get(tokens, { maxBytes: MAX_CHECK_BYTES }), {
    maxBytes: MAX_CHECK_BYTES,
    maxDocuments: 4096,
  });
  const loss = (await pinnedLoss(host, shard, definition.scoring.sequenceTokens)) * NANO_NATS_PER_NAT;
  if (!(Math.abs(loss - lossNanoNats) <= toleranceNanoNats)) {
    const nats = (value: number): string => (value / NANO_NATS_PER_NAT).toFixed(6);
    const message = `The model's loss on the pinned text is ${nats(loss)} nats per token, but the run definition says ${nats(lossNanoNats)} ± ${nats(toleranceNanoNats)}: it is loaded or computed wrongly. Run "connito doctor".`;
    throw runError('base_model_mismatch', message, { loss: Math.round(loss), expected: lossNanoNats });
  }
}

/** Mean loss of the current state over a pinned text, in nats per token. */
export async function pinnedLoss(
  host: RemoteModelHost,
  shard: ReturnType<typeof decodeTokenShard>,
  sequenceTokens: number,
): Promise<number> {
  const pool = sequencesOf(shard, sequenceTokens);
  const sequences = { count: pool.documents.length, tokens: sequenceTokens, data: pool.tokens };
  const losses = await host.measure(sequences);
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
}
