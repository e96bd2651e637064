import { NANO_NATS_PER_NAT } from '@connito/protocol';
import type { ExpertManifest } from './expert-manifest.ts';
import { SHARE_UNITS } from './expert-manifest.ts';

/** `README.md`: a card with the metadata block that Hugging Face reads, and the figures of the manifest for people. */
export function packageCard(manifest: Omit<ExpertManifest, 'files'>): string {
  const { name, version, domain, lineage, evaluation, base, licence } = manifest;
  const layers = Object.entries(manifest.experts);
  const experts = layers.reduce((sum, [, numbers]) => sum + numbers.length, 0);
  const rows = evaluation.measurements.map(
    (row) =>
      `| ${row.domain} (${row.role}) | ${row.sequences} | ${nats(row.baseLossNanoNats)} | ${nats(row.lossNanoNats)} | ${millinats(row.gainNanoNats)} (${millinats(row.lowerNanoNats)} to ${millinats(row.upperNanoNats)}) |`,
  );
  const miners = lineage.miners.map(({ hotkey, share }) => `| \`${hotkey}\` | ${percent(share)} |`);
  return `---
license: ${licence.includes(' ') ? 'other' : licence.toLowerCase()}
tags: [connito-expert, ${domain}]
---

# ${name} ${version}

${manifest.description}

${experts} experts in ${layers.length} layers of a ${base.architecture.kind} model, trained on ${domain}. They replace the base model's experts of
the same numbers, or join them under new router rows: \`connito compose --with ${name}@${version}\`.

Base model: \`${base.hash}\` · licence: ${licence} · publisher: \`${manifest.publisher}\`

## Measured

Mean loss in nats per token on texts that no training and no score touched, ${evaluation.sequenceTokens} tokens a sequence. Gain: base
minus package, in millinats, with the 95 % interval over paired sequences.

| texts | sequences | base | package | gain |
| --- | --- | --- | --- | --- |
${rows.join('\n')}

## Lineage

Run \`${lineage.run}\`, ${lineage.mergedRounds} merged rounds up to round ${lineage.lastRound}, state \`${lineage.state}\`.
Trained on ${lineage.sources.map(({ id, licence: terms }) => `${id} (${terms})`).join(', ')}.

| miner | share |
| --- | --- |
${miners.join('\n')}
`;
}

function nats(nanoNats: number): string {
  return (nanoNats / NANO_NATS_PER_NAT).toFixed(4);
}

function millinats(nanoNats: number): string {
  const value = (nanoNats / NANO_NATS_PER_NAT) * 1000;
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(1)}`;
}

function percent(share: number): string {
  return `${((100 * share) / SHARE_UNITS).toFixed(2)} %`;
}
