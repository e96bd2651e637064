import { type ExpertPackage, SHARE_UNITS } from '@connito/market';
import type { CommandContext } from '../../command/context.ts';
import { formatTable } from '../../command/table.ts';
import { megabytes, millinats, nats } from './figures.ts';
import type { InspectOptions } from './options.ts';
import { readSource } from './rules.ts';

export async function inspect(options: InspectOptions, { stdout }: CommandContext): Promise<void> {
  const found = await readSource(options.source, options);
  if (options.json === true) {
    const { id, manifest, signers, sizeBytes } = found;
    const hasRouter = found.routerFile !== null;
    stdout.write(`${JSON.stringify({ type: 'package', id, signers, sizeBytes, hasRouter, manifest })}\n`);
    return;
  }
  stdout.write(`${inspectionLines(found).join('\n')}\n`);
}

function inspectionLines({ id, manifest, signers, sizeBytes, routerFile }: ExpertPackage): string[] {
  const { name, version, base, lineage, evaluation } = manifest;
  const layers = Object.entries(manifest.experts).map(([layer, experts]) => `${layer}: ${experts.join(' ')}`);
  const measured = formatTable(
    [
      {
        title: 'texts',
        value: (row: (typeof evaluation.measurements)[number]) => `${row.domain} (${row.role})`,
      },
      { title: 'sequences', value: (row) => String(row.sequences), align: 'right' },
      { title: 'base', value: (row) => nats(row.baseLossNanoNats), align: 'right' },
      { title: 'package', value: (row) => nats(row.lossNanoNats), align: 'right' },
      {
        title: 'gain, millinats per token (95 %)',
        value: (row) =>
          `${millinats(row.gainNanoNats)} (${millinats(row.lowerNanoNats)} to ${millinats(row.upperNanoNats)})`,
      },
    ],
    evaluation.measurements,
  );
  const miners = lineage.miners.map(
    ({ hotkey, share }) => `  ${hotkey}  ${((100 * share) / SHARE_UNITS).toFixed(2)} %`,
  );
  return [
    `${name} ${version}: ${manifest.description}`,
    `id         ${id}`,
    `signed by  ${signers.map((signer) => (signer === manifest.publisher ? `${signer} (publisher)` : signer)).join(', ')}`,
    `licence    ${manifest.licence}`,
    `price      ${manifest.pricePerMillionTokens} a million tokens`,
    `base       ${base.architecture.kind} ${base.hash}`,
    `size       ${megabytes(sizeBytes)}, ${manifest.tensors.length} tensors, ${routerFile === null ? 'no' : 'with'} router statistics`,
    `experts    ${layers.map((layer) => `layer ${layer}`).join('; ')}`,
    `lineage    run ${lineage.run}, ${lineage.mergedRounds} merged rounds up to ${lineage.lastRound}, state ${lineage.state.slice(0, 12)}`,
    `sources    ${lineage.sources.map(({ id: source, licence }) => `${source} (${licence})`).join(', ')}`,
    '',
    ...measured,
    '',
    'Trained by:',
    ...miners,
  ];
}
