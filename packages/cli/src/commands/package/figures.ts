import type { IndexEntry } from '@connito/market';
import { NANO_NATS_PER_NAT } from '@connito/protocol';
import type { Column } from '../../command/table.ts';

/** Nano-nats as signed millinats with one digit. */
export function millinats(nanoNats: number): string {
  const value = (1000 * nanoNats) / NANO_NATS_PER_NAT;
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(1)}`;
}

export function nats(nanoNats: number): string {
  return (nanoNats / NANO_NATS_PER_NAT).toFixed(4);
}

export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(2)} MB`;
}

/** The columns by which packages are compared. */
export function entryColumns(statusOf: (entry: IndexEntry) => string): Column<IndexEntry>[] {
  const interval = (gain: IndexEntry['gain']) =>
    gain === null
      ? '–'
      : `${millinats(gain.meanNanoNats)} (${millinats(gain.lowerNanoNats)} to ${millinats(gain.upperNanoNats)})`;
  return [
    { title: 'package', value: ({ name, version }) => `${name}@${version}` },
    { title: 'status', value: statusOf },
    { title: 'domain', value: ({ domain }) => domain },
    { title: 'base', value: ({ base }) => base.slice(0, 8) },
    { title: 'gain, millinats (95 %)', value: ({ gain }) => interval(gain) },
    {
      title: 'worst general',
      value: ({ worstGeneral }) =>
        worstGeneral === null ? '–' : `${worstGeneral.domain} ${millinats(worstGeneral.meanNanoNats)}`,
    },
    { title: 'size', value: ({ sizeBytes }) => megabytes(sizeBytes), align: 'right' },
    { title: 'licence', value: ({ licence }) => licence },
    {
      title: 'price/M',
      value: ({ pricePerMillionTokens }) => String(pricePerMillionTokens),
      align: 'right',
    },
    {
      title: 'lineage',
      value: ({ mergedRounds, miners, run }) =>
        `${mergedRounds} rounds, ${miners} miners, run ${run.slice(0, 8)}`,
    },
    {
      title: 'signed by',
      value: ({ signers }) => signers.map((signer) => `${signer.slice(0, 8)}…`).join(' '),
    },
  ];
}
