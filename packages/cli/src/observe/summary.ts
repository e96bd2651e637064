import type { Reason } from '@connito/protocol';
import type { FinishedRound, MinerIdentity, RunSummary } from './network-event.ts';

/** What some rounds add up to, for each miner that took part in any of them. */
export function summarize(
  rounds: readonly FinishedRound[],
  start: {
    readonly directory: string;
    readonly run: string;
    readonly secondsToFirstMerge: number | null;
  },
): RunSummary {
  return {
    type: 'summary',
    ...start,
    rounds: rounds.map(({ miners: _, validators: __, groups, ...round }) => ({
      ...round,
      groups: groups.map(({ domain, lossBefore, lossAfter, interval }) => ({
        domain,
        lossBefore,
        lossAfter,
        interval,
      })),
    })),
    sinceStart: (rounds.at(-1)?.groups ?? []).map(({ domain, sinceStart }) => ({ domain, ...sinceStart })),
    miners: summarizeMiners(rounds),
  };
}

function summarizeMiners(rounds: readonly FinishedRound[]): RunSummary['miners'] {
  const totals = new Map<
    number,
    {
      identity: MinerIdentity;
      score: number;
      incentive: number;
      bytesSent: number;
      reasons: Partial<Record<Reason, number>>;
    }
  >();
  for (const { miners } of rounds) {
    for (const { uid, hotkey, name, behaviour, domain, score, reason, incentive, bytesSent } of miners) {
      const total = totals.get(uid) ?? {
        identity: { uid, hotkey, name, behaviour, domain },
        score: 0,
        incentive: 0,
        bytesSent: 0,
        reasons: {},
      };
      total.score += score;
      total.incentive += incentive / rounds.length;
      total.bytesSent += bytesSent;
      if (reason !== null) total.reasons[reason] = (total.reasons[reason] ?? 0) + 1;
      totals.set(uid, total);
    }
  }
  return [...totals.values()]
    .sort((a, b) => a.identity.uid - b.identity.uid)
    .map(({ identity, ...total }) => ({ ...identity, ...total }));
}
