import type { Reason } from '@connito/protocol';
import { formatTable } from '../command/table.ts';
import type { RunSummary } from '../observe/network-event.ts';
import {
  formatBytes,
  formatInterval,
  formatLoss,
  formatMilliNats,
  formatSeconds,
  formatShare,
  reasonWords,
} from './text.ts';

/** What a start of the network came to, and where its files are. */
export function summaryLines(summary: RunSummary): string[] {
  const { rounds, miners, secondsToFirstMerge, directory } = summary;
  const files = `Everything is in ${directory}: run.json, rounds.jsonl, artifacts/, logs/. Start again to go on.`;
  if (rounds.length === 0) return ['No round was finished.', files];
  const first = rounds[0]!;
  const last = rounds.at(-1)!;
  const merged = rounds.filter(({ outcome }) => outcome === 'canonical').length;
  const agreed = rounds.filter((round) => round.agreed).length;
  return [
    `Rounds ${first.round} to ${last.round}: ${merged} of ${rounds.length} merged, all validators agreed in ${agreed}.` +
      (secondsToFirstMerge === null ? '' : ` First merge after ${formatSeconds(secondsToFirstMerge)}.`),
    '',
    ...formatTable(
      [
        { title: 'domain', value: ({ domain }) => domain },
        { title: 'loss before', value: ({ before }) => formatLoss(before), align: 'right' },
        { title: 'after', value: ({ after }) => formatLoss(after), align: 'right' },
        { title: 'fall since the base model (95 %), millinats/token', value: ({ fall }) => fall },
      ],
      lossRows(summary),
    ),
    '',
    ...formatTable(
      [
        { title: 'uid', value: ({ uid }) => `${uid}`, align: 'right' },
        { title: 'miner', value: ({ name }) => name },
        { title: 'behaviour', value: ({ behaviour }) => behaviour },
        { title: 'domain', value: ({ domain }) => domain },
        { title: 'score', value: ({ score }) => formatMilliNats(score), align: 'right' },
        { title: 'incentive', value: ({ incentive }) => formatShare(incentive), align: 'right' },
        { title: 'sent', value: ({ bytesSent }) => formatBytes(bytesSent), align: 'right' },
        { title: 'zeros', value: ({ reasons }) => reasonCounts(reasons) },
      ],
      miners,
    ),
    '',
    `Scores are millinats per token, summed over the rounds. "connito explain <uid>" says why.`,
    files,
  ];
}

function lossRows({ rounds, sinceStart }: RunSummary) {
  const first = rounds[0]!;
  const last = rounds.at(-1)!;
  const general = {
    domain: 'general',
    before: first.generalLossBefore,
    after: last.generalLossAfter,
    fall: '',
  };
  const domains = last.groups.map(({ domain, lossAfter }) => {
    const before = first.groups.find((group) => group.domain === domain)?.lossBefore ?? lossAfter;
    const total = sinceStart.find((group) => group.domain === domain);
    const fall =
      total === undefined
        ? ''
        : `${formatMilliNats(total.reduction, { sign: true })} (${formatInterval(total.interval)})`;
    return { domain, before, after: lossAfter, fall };
  });
  return [...domains, general];
}

function reasonCounts(reasons: Readonly<Partial<Record<Reason, number>>>): string {
  return (Object.entries(reasons) as [Reason, number][])
    .map(([reason, count]) => `${count} × ${reasonWords(reason)}`)
    .join(', ');
}
