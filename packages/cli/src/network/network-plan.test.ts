import { describe, expect, it } from 'vitest';
import { SAMPLE_NETWORK } from '../testing/sample-network.ts';
import { requireSameNetwork } from './differing-options.ts';
import { planMiners, planValidators } from './network-plan.ts';

const SHAPE = { domains: ['code', 'law', 'math'], miners: 8, validators: 3, copycats: 1, overflowers: 1 };

describe('the plan of a network', () => {
  it('spreads honest miners evenly over the domains and puts hostile ones last', () => {
    const miners = planMiners(SHAPE);
    const honest = miners.filter(({ behaviour }) => behaviour === 'honest');
    for (const domain of SHAPE.domains)
      expect(honest.filter((miner) => miner.domain === domain)).toHaveLength(2);
    expect(miners.slice(6).map(({ behaviour }) => behaviour)).toEqual(['copycat', 'overflow']);
    expect(new Set(miners.map(({ name }) => name)).size).toBe(8);
  });

  it('names its validators', () => {
    expect(planValidators(SHAPE)).toEqual(['validator-1', 'validator-2', 'validator-3']);
  });
});

describe('a second start', () => {
  it('may repeat the options of the first, or leave them out', () => {
    requireSameNetwork(SAMPLE_NETWORK, {}, '/net');
    requireSameNetwork(SAMPLE_NETWORK, { miners: 4, copycats: 1, domains: ['code', 'law'] }, '/net');
  });

  it('is refused with every option that differs and what to do', () => {
    const start = () =>
      requireSameNetwork(SAMPLE_NETWORK, { miners: 8, innerSteps: 3, validators: 1 }, '/net');
    expect(start).toThrow('--miners is 8, but the network has 4; --inner-steps is 3, but the network has 12');
    expect(start).toThrow('--dir');
    expect(start).toThrow(
      expect.objectContaining({ code: 'network_differs', details: { fields: 'miners,inner-steps' } }),
    );
  });
});
