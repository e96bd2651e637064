import { requireLineage } from '@connito/market';
import { runIdOf } from '@connito/protocol';
import { genesisHashOf } from '@connito/run';
import { DirectoryStore } from '@connito/store';
import type { CommandContext } from '../../command/context.ts';
import { readDefinition } from '../../network/create-network.ts';
import { readNetwork } from '../../network/network-file.ts';
import { openNetworkLedger } from '../../network/network-ledger.ts';
import type { VerifyOptions } from './options.ts';
import { readSource } from './rules.ts';

export async function verify(options: VerifyOptions, { stdout }: CommandContext): Promise<void> {
  const found = await readSource(options.source, options);
  const { manifest, id, signers, parameters } = found;
  if (options.dir !== undefined) {
    const { layout, network } = await readNetwork(options.dir);
    const definition = await readDefinition(layout, network);
    const store = await DirectoryStore.open(layout.artifacts);
    using opened = await openNetworkLedger(layout);
    const context = { definition, run: runIdOf(definition), ledger: opened.ledger, store };
    await requireLineage(context, found, await genesisHashOf(context, network.model));
  }
  const recomputed = options.dir !== undefined;
  if (options.json === true) {
    const { name, version } = manifest;
    const object = {
      type: 'verified',
      id,
      name,
      version,
      signers,
      tensors: parameters.size,
      lineageRecomputed: recomputed,
    };
    stdout.write(`${JSON.stringify(object)}\n`);
    return;
  }
  const lineage = recomputed ? ' Its lineage and parameters are what the run’s ledger and reports say.' : '';
  stdout.write(
    `${manifest.name} ${manifest.version} is whole: ${parameters.size} tensors, signed by ${signers.join(', ')}.${lineage}\n`,
  );
}
