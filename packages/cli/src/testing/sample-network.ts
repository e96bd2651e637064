import type { Hotkey } from '@connito/protocol';
import type { Network } from '../network/network-file.ts';
import type { FinishedRound, MinerRound, NetworkEvent } from '../observe/network-event.ts';

const key = (name: string) => `5${name}` as Hotkey;

/** A network of two domains, two honest miners and one of each hostile kind. */
export const SAMPLE_NETWORK: Network = {
  format: 1,
  run: 'a'.repeat(64),
  name: 'local',
  createdAt: '2026-11-22T00:00:00.000Z',
  model: '/models/foundation',
  domains: ['code', 'law'],
  innerSteps: 12,
  codec: 'int8',
  port: null,
  validators: [{ name: 'validator-1', hotkey: key('v1') }],
  miners: [
    { name: 'miner-1', hotkey: key('m1'), behaviour: 'honest', domain: 'code' },
    { name: 'miner-2', hotkey: key('m2'), behaviour: 'honest', domain: 'law' },
    { name: 'miner-3', hotkey: key('m3'), behaviour: 'copycat', domain: 'code' },
    { name: 'miner-4', hotkey: key('m4'), behaviour: 'overflow', domain: 'law' },
  ],
};

/** A round in which the honest miners earned and the hostile ones did not. Losses fall by 0.01 a round. */
export function sampleRound(round: number, changes: Partial<FinishedRound> = {}): FinishedRound {
  const before = 2 - round / 100;
  const after = before - 0.01;
  return {
    round,
    outcome: 'canonical',
    stateHash: `${round}`.repeat(64).slice(0, 64),
    agreed: true,
    generalLossBefore: 3,
    generalLossAfter: 3.001,
    groups: ['code', 'law'].map((domain) => ({
      domain,
      lossBefore: before,
      lossAfter: after,
      interval: [0.005, 0.015] as const,
      sinceStart: { reduction: 2 - after, interval: [0.9 * (2 - after), 1.1 * (2 - after)] as const },
      subModelGap: { reduction: 0.3, gap: 0.012, interval: [0.004, 0.02] as const },
      mergedUpdates: 1,
      scale: 1,
    })),
    miners: SAMPLE_NETWORK.miners.map((miner, i): MinerRound => {
      const honest = miner.behaviour === 'honest';
      return {
        ...miner,
        uid: i + 1,
        score: honest ? 0.004 : 0,
        reason: honest ? null : miner.behaviour === 'copycat' ? 'duplicate_of' : 'non_finite_loss',
        detail: null,
        incentive: honest ? 0.5 : 0,
        mergeWeight: honest ? 1 : 0,
        bytesSent: 1000,
      };
    }),
    validators: [
      { uid: 0, name: 'validator-1', reported: true, stateHash: `${round}`.repeat(64).slice(0, 64) },
    ],
    ...changes,
  };
}

export function startedEvent(): Extract<NetworkEvent, { type: 'started' }> {
  return {
    type: 'started',
    directory: '/net',
    run: SAMPLE_NETWORK.run,
    name: SAMPLE_NETWORK.name,
    isFirstStart: true,
    ledgerUrl: 'http://127.0.0.1:4001',
    storeUrl: 'http://127.0.0.1:4002',
    dashboardUrl: 'http://127.0.0.1:8472/',
    metrics: [],
    domains: SAMPLE_NETWORK.domains,
    miners: SAMPLE_NETWORK.miners,
    validators: SAMPLE_NETWORK.validators,
  };
}

export function phaseEvent(
  changes: Partial<Extract<NetworkEvent, { type: 'phase' }>> = {},
): Extract<NetworkEvent, { type: 'phase' }> {
  return {
    type: 'phase',
    block: 6,
    round: 0,
    phase: 'evaluate',
    step: null,
    blocksLeft: 1,
    roundBlocks: 10,
    blocksDone: 4,
    entered: true,
    ...changes,
  };
}
