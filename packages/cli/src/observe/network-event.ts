import type { Hotkey, Reason } from '@connito/protocol';
import type { SubModelGap } from '@connito/run';
import type { Behaviour } from '../network/behaviour.ts';
import type { MetricsTarget } from '../network/metrics-targets.ts';
import type { ProcessRole } from '../network/supervised-process.ts';

/** A miner as the network's own file names it, and as the ledger numbers it. */
export type MinerIdentity = {
  readonly uid: number;
  readonly hotkey: Hotkey;
  readonly name: string;
  readonly behaviour: Behaviour | 'unknown';
  readonly domain: string;
};

/** One miner's part in a finished round. Scores in nats per token; shares as fractions. */
export type MinerRound = MinerIdentity & {
  readonly score: number;
  readonly reason: Reason | null;
  readonly detail: string | null;
  readonly incentive: number;
  readonly mergeWeight: number;
  readonly bytesSent: number;
};

/** What a round did to one domain's loss on the reporting set, in nats per token. */
export type GroupRound = {
  readonly domain: string;
  readonly lossBefore: number;
  readonly lossAfter: number;
  /** 95 % paired interval of the reduction. */
  readonly interval: readonly [number, number];
  /** The same against the base model. */
  readonly sinceStart: { readonly reduction: number; readonly interval: readonly [number, number] };
  /** What a sub-model with the group's experts alone would have shown; see `SubModelGap`. */
  readonly subModelGap: SubModelGap;
  readonly mergedUpdates: number;
  readonly scale: number;
};

export type ValidatorRound = {
  readonly uid: number;
  readonly name: string;
  readonly reported: boolean;
  readonly stateHash: string | null;
};

export type FinishedRound = {
  readonly round: number;
  readonly outcome: 'canonical' | 'void';
  readonly stateHash: string;
  readonly agreed: boolean;
  readonly generalLossBefore: number;
  readonly generalLossAfter: number;
  readonly groups: readonly GroupRound[];
  readonly miners: readonly MinerRound[];
  readonly validators: readonly ValidatorRound[];
};

/** What `connito up --json` prints as one line each, and what the other views are drawn from. */
export type NetworkEvent =
  /** What the start is busy with. */
  | { readonly type: 'progress'; readonly text: string }
  | {
      readonly type: 'started';
      readonly directory: string;
      readonly run: string;
      readonly name: string;
      readonly isFirstStart: boolean;
      readonly ledgerUrl: string;
      readonly storeUrl: string;
      /** Null where none is served. */
      readonly dashboardUrl: string | null;
      /** Where each process serves its metrics. */
      readonly metrics: readonly MetricsTarget[];
      readonly domains: readonly string[];
      readonly miners: readonly {
        readonly name: string;
        readonly hotkey: Hotkey;
        readonly behaviour: Behaviour;
        readonly domain: string;
      }[];
      readonly validators: readonly { readonly name: string; readonly hotkey: Hotkey }[];
    }
  | {
      readonly type: 'process';
      readonly name: string;
      readonly role: ProcessRole;
      readonly event: 'started' | 'crashed' | 'gave_up' | 'stopped';
      readonly pid: number | null;
      readonly exit: number | string | null;
      readonly restartInMs: number | null;
      readonly why: string | null;
    }
  /** Rounds finished in earlier starts, for views that show a history. */
  | { readonly type: 'history'; readonly rounds: readonly FinishedRound[] }
  /** Every open block; `entered` where it begins a window. */
  | {
      readonly type: 'phase';
      readonly block: number;
      readonly round: number | null;
      readonly phase: string;
      /** Part of the merge phase. */
      readonly step: string | null;
      readonly blocksLeft: number;
      /** Blocks of the whole round, and how many of them are behind. */
      readonly roundBlocks: number;
      readonly blocksDone: number;
      readonly entered: boolean;
    }
  | ({ readonly type: 'round'; readonly secondsSinceStart: number } & FinishedRound)
  | { readonly type: 'warning'; readonly text: string }
  | RunSummary;

export type RunSummary = {
  readonly type: 'summary';
  readonly directory: string;
  readonly run: string;
  /** From the start of the process until the first state became canonical, or null where none did. */
  readonly secondsToFirstMerge: number | null;
  /** Rounds finished since this start. */
  readonly rounds: readonly {
    readonly round: number;
    readonly outcome: 'canonical' | 'void';
    readonly stateHash: string;
    readonly agreed: boolean;
    readonly generalLossBefore: number;
    readonly generalLossAfter: number;
    readonly groups: readonly {
      readonly domain: string;
      readonly lossBefore: number;
      readonly lossAfter: number;
      readonly interval: readonly [number, number];
    }[];
  }[];
  /** Each domain's last loss against the base model's. */
  readonly sinceStart: readonly {
    readonly domain: string;
    readonly reduction: number;
    readonly interval: readonly [number, number];
  }[];
  readonly miners: readonly (MinerIdentity & {
    /** Nats per token, summed over the rounds. */
    readonly score: number;
    /** Share of all miners' incentive, averaged over the rounds. */
    readonly incentive: number;
    readonly bytesSent: number;
    /** How often each reason for a zero was given. */
    readonly reasons: Readonly<Partial<Record<Reason, number>>>;
  })[];
};
