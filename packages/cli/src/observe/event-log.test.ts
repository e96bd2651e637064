import { describe, expect, it } from 'vitest';
import { phaseEvent, SAMPLE_NETWORK, sampleRound, startedEvent } from '../testing/sample-network.ts';
import { EMPTY_VIEW, updateView } from '../view/network-view.ts';
import { eventsOf, parseEvent } from './event-log.ts';
import type { NetworkEvent } from './network-event.ts';

const EVENTS: readonly NetworkEvent[] = [
  { type: 'progress', text: 'Making wallets' },
  startedEvent(),
  { type: 'history', rounds: [sampleRound(0)] },
  phaseEvent(),
  {
    ...{ type: 'process', name: 'miner-1', role: 'miner', event: 'crashed' },
    ...{ pid: 7, exit: 'SIGKILL', restartInMs: 1000, why: null },
  },
  { type: 'round', secondsSinceStart: 12.5, ...sampleRound(1) },
  { type: 'warning', text: 'Round 2 cannot be read yet' },
];

describe('a log of events', () => {
  it('gives back every event that was printed', () => {
    expect(EVENTS.map((event) => parseEvent(JSON.stringify(event)))).toEqual(EVENTS);
  });

  it('passes over lines that are cut short, foreign or hostile', () => {
    const cut = JSON.stringify(startedEvent()).slice(0, -5);
    for (const line of [
      '',
      cut,
      '[]',
      '{"type":"round"}',
      '{"type":"summary"}',
      '{"type":"process","role":"x"}',
    ])
      expect(parseEvent(line), line).toBeNull();
  });

  it('of rounds alone shows the same losses and scores as the events did', () => {
    const rounds = [sampleRound(0), sampleRound(1)];
    const view = eventsOf(SAMPLE_NETWORK, '/net', rounds).reduce(updateView, EMPTY_VIEW);
    const live = [
      startedEvent(),
      ...rounds.map((round) => ({ type: 'round' as const, secondsSinceStart: 1, ...round })),
    ];
    const shown = live.reduce(updateView, EMPTY_VIEW);
    expect(view.domains).toEqual(shown.domains);
    expect(view.miners).toEqual(shown.miners);
    expect(view.validators).toEqual(shown.validators);
  });
});
