import type { Reason } from '@connito/protocol';
import type { Behaviour } from '../network/behaviour.ts';
import type { FinishedRound, MinerRound, NetworkEvent } from '../observe/network-event.ts';
import { describeEvent } from './describe-event.ts';

export type DomainView = {
  readonly domain: string;
  /** Loss of the first round shown, before it, and after each round since. */
  readonly history: readonly number[];
  readonly sinceStart: { readonly reduction: number; readonly interval: readonly [number, number] } | null;
};

export type MinerView = {
  readonly uid: number | null;
  readonly name: string;
  readonly behaviour: Behaviour | 'unknown';
  readonly domain: string;
  /** Of the last round, in nats per token; null before the first. */
  readonly lastScore: number | null;
  readonly lastReason: Reason | null;
  readonly incentive: number;
  readonly totalScore: number;
};

/** Everything the terminal shows. */
export type NetworkView = {
  readonly runName: string;
  readonly directory: string;
  readonly urls: readonly { readonly label: string; readonly url: string }[];
  readonly phase: Extract<NetworkEvent, { type: 'phase' }> | null;
  readonly domains: readonly DomainView[];
  readonly general: DomainView | null;
  readonly miners: readonly MinerView[];
  readonly validators: {
    readonly total: number;
    readonly agreed: boolean | null;
    readonly reported: number;
    readonly stateHash: string | null;
  };
  /** All processes of the network, and those that should run but do not. */
  readonly processes: {
    readonly total: number;
    readonly down: readonly string[];
    /** Ended because they were asked to. */
    readonly stopped: number;
  };
  readonly events: readonly string[];
};

/** Events kept for the view, newest last. */
const MAX_EVENTS = 6;

export const EMPTY_VIEW: NetworkView = {
  runName: '',
  directory: '',
  urls: [],
  phase: null,
  domains: [],
  general: null,
  miners: [],
  validators: { total: 0, agreed: null, reported: 0, stateHash: null },
  processes: { total: 0, down: [], stopped: 0 },
  events: [],
};

/** The view after an event. */
export function updateView(view: NetworkView, event: NetworkEvent): NetworkView {
  // Phases have a line of their own.
  const text = event.type === 'phase' ? null : describeEvent(event);
  const events = text === null ? view.events : [...view.events, text].slice(-MAX_EVENTS);
  return { ...applyEvent(view, event), events };
}

function applyEvent(view: NetworkView, event: NetworkEvent): NetworkView {
  switch (event.type) {
    case 'started':
      return {
        ...view,
        runName: event.name,
        directory: event.directory,
        urls: [
          ...(event.dashboardUrl === null ? [] : [{ label: 'dashboard', url: event.dashboardUrl }]),
          { label: 'ledger', url: event.ledgerUrl },
          { label: 'store', url: event.storeUrl },
        ],
        domains: event.domains.map((domain) => ({ domain, history: [], sinceStart: null })),
        miners: event.miners.map(({ name, behaviour, domain }) => ({
          uid: null,
          name,
          behaviour,
          domain,
          lastScore: null,
          lastReason: null,
          incentive: 0,
          totalScore: 0,
        })),
        validators: { ...view.validators, total: event.validators.length },
        processes: { total: event.validators.length + event.miners.length + 2, down: [], stopped: 0 },
      };
    case 'process': {
      const { total, down, stopped } = view.processes;
      const others = down.filter((name) => name !== event.name);
      const isDown = event.event === 'crashed' || event.event === 'gave_up';
      const processes = {
        total,
        down: isDown ? [...others, event.name] : others,
        stopped: event.event === 'stopped' ? stopped + 1 : stopped,
      };
      return { ...view, processes };
    }
    case 'phase':
      return { ...view, phase: event };
    case 'history':
      return event.rounds.reduce(applyRound, view);
    case 'round':
      return applyRound(view, event);
    case 'progress':
    case 'warning':
    case 'summary':
      return view;
  }
}

function applyRound(view: NetworkView, round: FinishedRound): NetworkView {
  const reported = round.validators.filter((validator) => validator.reported).length;
  return {
    ...view,
    domains: view.domains.map((domain) => {
      const group = round.groups.find((candidate) => candidate.domain === domain.domain);
      if (group === undefined) return domain;
      const { lossBefore, lossAfter, sinceStart } = group;
      return { ...domain, history: extended(domain.history, lossBefore, lossAfter), sinceStart };
    }),
    general: {
      domain: 'general',
      history: extended(view.general?.history ?? [], round.generalLossBefore, round.generalLossAfter),
      sinceStart: null,
    },
    miners: mergedMiners(view.miners, round.miners),
    validators: {
      total: round.validators.length,
      agreed: round.agreed,
      reported,
      stateHash: round.stateHash,
    },
  };
}

function extended(history: readonly number[], before: number, after: number): readonly number[] {
  return history.length === 0 ? [before, after] : [...history, after];
}

/** Miners of the network's file come first in name only: once the ledger has numbered them, they are in order of uid. */
function mergedMiners(views: readonly MinerView[], rounds: readonly MinerRound[]): readonly MinerView[] {
  const byName = new Map(views.map((view) => [view.name, view]));
  for (const { uid, name, behaviour, domain, score, reason, incentive } of rounds) {
    const totalScore = (byName.get(name)?.totalScore ?? 0) + score;
    byName.set(name, {
      uid,
      name,
      behaviour,
      domain,
      lastScore: score,
      lastReason: reason,
      incentive,
      totalScore,
    });
  }
  const last = Number.POSITIVE_INFINITY;
  return [...byName.values()].sort((a, b) => (a.uid ?? last) - (b.uid ?? last));
}
