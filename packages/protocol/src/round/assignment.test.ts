import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Uid } from '../brand.ts';
import { runIdOf } from '../run/parse-run-definition.ts';
import { exampleRun } from '../testing/example-run.ts';
import { assignGroups, assignRound, type RegisteredMiner } from './assignment.ts';

const definition = exampleRun();
const run = runIdOf(definition);
const miners = (count: number): RegisteredMiner[] =>
  Array.from({ length: count }, (_, uid) => ({ uid: uid as Uid, declared: null }));

describe('assignment', () => {
  it('balances groups and honours declarations', () => {
    const declared = fc.constantFrom(null, [0], [1], [0, 1], []);
    fc.assert(
      fc.property(fc.array(declared, { maxLength: 30 }), (declarations) => {
        const registered = declarations.map((groups, uid) => ({ uid: uid as Uid, declared: groups }));
        const assigned = assignGroups(definition, run, registered);
        expect(assigned.size).toBe(registered.length);
        const counts = [0, 0];
        for (const { uid, declared: groups } of registered) {
          const number = definition.groups.findIndex(({ id }) => id === assigned.get(uid));
          counts[number]! += 1;
          if (groups !== null && groups.length > 0) expect(groups).toContain(number);
        }
        const bound = [0, 1].map((n) => declarations.filter((d) => d?.length === 1 && d[0] === n).length);
        const imbalance = Math.abs(counts[0]! - counts[1]!);
        expect(imbalance).toBeLessThanOrEqual(Math.max(1, Math.abs(bound[0]! - bound[1]!)));
      }),
      { numRuns: 60 },
    );
  });

  it('does not depend on the order of miners, and newcomers move nobody', () => {
    const assigned = assignGroups(definition, run, miners(9));
    expect(assignGroups(definition, run, miners(9).reverse())).toEqual(assigned);
    const grown = assignGroups(definition, run, miners(10));
    for (const [uid, group] of assigned) expect(grown.get(uid)).toBe(group);
  });

  it('gives every document to exactly one miner of its group', () => {
    const tasks = assignRound(definition, run, 5, miners(7));
    for (const group of definition.groups) {
      const shares = [...tasks.values()].filter((task) => task.group === group.id).map((task) => task.share);
      const sizes = shares.map(({ documents }) => documents.length);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      const documents = shares.flatMap((share) => [...share.documents]);
      const pool = definition.sources.find(({ id }) => id === group.trainingSource)!;
      expect(documents.length).toBe(pool.documents);
      expect(new Set(documents).size).toBe(pool.documents);
      for (const { source } of shares) expect(source).toBe(group.trainingSource);
    }
  });

  it('keeps the group and changes the share from round to round', () => {
    const first = assignRound(definition, run, 5, miners(4));
    const second = assignRound(definition, run, 6, miners(4));
    for (const [uid, task] of first) {
      expect(second.get(uid)!.group).toBe(task.group);
      expect(second.get(uid)!.share.documents).not.toEqual(task.share.documents);
    }
  });
});
