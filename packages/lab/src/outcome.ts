import type { Reason } from '@connito/protocol';
import type { RoundRecord } from '@connito/run';

/** One miner's part in a scenario, round by round. */
export type MinerStory = {
  /** What it is, such as `honest` or `noisy copycat`. */
  readonly as: string;
  readonly hostile: boolean;
  /** Of its group, in the last round. */
  readonly domain: string;
  readonly rounds: readonly {
    readonly scoreNanoNats: number | null;
    readonly reason: Reason | null;
    /** Part of all miners' pay, 0 to 1. */
    readonly earned: number;
    /** Part of the group's merge, 0 to 1. */
    readonly mergeWeight: number;
  }[];
};

export type ValidatorStory = {
  readonly as: string;
  readonly hostile: boolean;
  readonly rounds: readonly {
    readonly state: string | null;
    /** Part of all validators' dividends, 0 to 1. */
    readonly dividends: number;
  }[];
};

/** What happened in one network of the lab, as plain data. */
export type Outcome = {
  readonly rounds: readonly {
    readonly outcome: RoundRecord['outcome'];
    readonly state: string;
    /** Step scale of each domain's group, 0 where it stood still. */
    readonly scales: Readonly<Record<string, number>>;
  }[];
  readonly miners: readonly MinerStory[];
  readonly validators: readonly ValidatorStory[];
  /** Mean loss of each domain's reporting text before the first round and after the last, nats per token. */
  readonly lossBefore: Readonly<Record<string, number>>;
  readonly lossAfter: Readonly<Record<string, number>>;
};

export type Named = { readonly as: string; readonly hostile: boolean };

/** What a network's records say about each of its roles. Miners and validators are named in the order they registered. */
export function outcomeOf(
  records: readonly RoundRecord[],
  cast: { readonly miners: readonly Named[]; readonly validators: readonly Named[] },
  losses: Pick<Outcome, 'lossBefore' | 'lossAfter'>,
): Outcome {
  const BILLION = 1e9;
  const byUid = <T extends { readonly uid: number }>(all: readonly T[]): T[] =>
    [...all].sort((a, b) => a.uid - b.uid);
  return {
    rounds: records.map(({ outcome, state, groups }) => ({
      outcome,
      state,
      scales: Object.fromEntries(groups.map(({ domain, scale }) => [domain, scale])),
    })),
    miners: cast.miners.map(({ as, hostile }, i) => {
      const own = records.map(({ miners }) => byUid(miners)[i]!);
      const rounds = own.map(({ scoreNanoNats, reason, incentive, mergeWeight }) => ({
        ...{ scoreNanoNats, reason, mergeWeight },
        earned: incentive / BILLION,
      }));
      return { as, hostile, domain: own.at(-1)!.domain, rounds };
    }),
    validators: cast.validators.map(({ as, hostile }, i) => {
      const own = records.map(({ validators }) => byUid(validators)[i]!);
      const rounds = own.map(({ state, dividends }) => ({ state, dividends: dividends / BILLION }));
      return { as, hostile, rounds };
    }),
    ...losses,
  };
}

/** Mean pay of some miners per miner and round, as a part of all miners' pay; 0 for none. */
export function meanEarned(miners: readonly MinerStory[]): number {
  const all = miners.flatMap(({ rounds }) => rounds.map(({ earned }) => earned));
  return all.reduce((sum, earned) => sum + earned, 0) / Math.max(1, all.length);
}

export function meanDividends(validators: readonly ValidatorStory[]): number {
  const all = validators.flatMap(({ rounds }) => rounds.map(({ dividends }) => dividends));
  return all.reduce((sum, dividends) => sum + dividends, 0) / Math.max(1, all.length);
}

/** How often each reason stood for a zero of some miners, the most frequent first. */
export function reasonsOf(miners: readonly MinerStory[]): [Reason, number][] {
  const counts = new Map<Reason, number>();
  for (const { rounds } of miners) {
    for (const { reason } of rounds) if (reason !== null) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1]);
}
