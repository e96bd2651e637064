import { describe, expect, test } from 'vitest';
import type { ModelConfig } from '../config.ts';
import { encodeExpertGroup, parseExpertGroup } from './expert-group-file.ts';
import { selectDisjoint, selectExperts } from './select-experts.ts';

const scores = [
  [0.5, 0.1, 0.3, 0.1],
  [0.25, 0.25, 0.25, 0.25],
];

describe('expert selection', () => {
  test('takes the most used experts until their share is reached', () => {
    expect(selectExperts(scores, { share: 0.75, maxPerLayer: 4, layers: [0] })).toEqual(
      new Map([[0, [0, 2]]]),
    );
    expect(selectExperts(scores, { share: 0.4, maxPerLayer: 4, layers: [0] })).toEqual(new Map([[0, [0]]]));
  });

  test('never takes more than asked, and breaks ties by number', () => {
    expect(selectExperts(scores, { share: 1, maxPerLayer: 2, layers: [1] })).toEqual(new Map([[1, [0, 1]]]));
  });

  test('leaves out what another group owns', () => {
    const taken = new Map([[0, [0]]]);
    expect(selectExperts(scores, { share: 0.3, maxPerLayer: 4, layers: [0] }, taken)).toEqual(
      new Map([[0, [2]]]),
    );
  });

  test('disjoint groups take turns, so that none gets only what is left', () => {
    const chosen = selectDisjoint(
      new Map([
        ['a', scores],
        ['b', scores],
      ]),
      { share: 1, maxPerLayer: 2, layers: [0] },
    );
    expect(chosen.get('a')).toEqual(new Map([[0, [0, 1]]]));
    expect(chosen.get('b')).toEqual(new Map([[0, [2, 3]]]));
  });

  test.each([0, -1, 1.5])('a share of %d is refused', (share) => {
    expect(() => selectExperts(scores, { share, maxPerLayer: 1, layers: [0] })).toThrow(/share p/);
  });

  test('a layer that the model does not have is refused', () => {
    expect(() => selectExperts(scores, { share: 1, maxPerLayer: 1, layers: [5] })).toThrow(
      /layers 0 to 1, not 5/,
    );
  });
});

describe('ESFT expert configuration', () => {
  const config = { layers: 2, experts: 4 } as ModelConfig;
  const experts = new Map([
    [0, [0, 2]],
    [1, [3]],
  ]);

  test('comes back as written', () => {
    expect(parseExpertGroup(JSON.parse(encodeExpertGroup(experts)), config, 'file')).toEqual(experts);
  });

  test.each([
    ['a layer too many', { '2': [0] }, /layer 2; the model has 2/],
    ['an expert too many', { '0': [4] }, /expert 4; a layer has 4/],
    ['an expert twice', { '0': [1, 1] }, /twice/],
    ['no expert', { '0': [] }, /names no experts/],
  ])('refuses %s', (_, chosen, message) => {
    const json = { experts: chosen, shared_experts: false, non_expert_modules: false };
    expect(() => parseExpertGroup(json, config, 'file')).toThrow(message);
  });
});
