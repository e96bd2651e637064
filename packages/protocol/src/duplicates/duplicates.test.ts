import { describe, expect, it } from 'vitest';
import type { Hotkey, Uid } from '../brand.ts';
import { decodeDelta, encodeDelta } from '../codec/delta-codec.ts';
import { SeededRandom } from '../encoding/random.ts';
import { expertTensorName, groupTensors } from '../tensor/expert-tensors.ts';
import type { Tensor, TensorMap } from '../tensor/tensor.ts';
import { exampleRun, randomTensors, seedOf } from '../testing/example-run.ts';
import { type DuplicateCandidate, findDuplicates, type PastUpdate } from './find-duplicates.ts';
import { cosine, functionalSimilarity, responseSimilarity, weightSimilarity } from './similarity.ts';
import { createSketcher } from './update-sketch.ts';

const { duplicates: parameters, groups } = exampleRun();
const group = { ...groups[0]!, experts: { '0': [0, 1], '1': [2, 3], '2': [1] } };
const architecture = {
  ...{ kind: 'qwen3-moe' as const, numHiddenLayers: 3, numExperts: 4 },
  ...{ hiddenSize: 24, moeIntermediateSize: 20 },
};
const specs = groupTensors(group, architecture);
const base = randomTensors(specs, 'base', 0.15);
const seed = seedOf('round');
const sketch = createSketcher(group, architecture, base, seed, parameters);

/** a·x + b·y, tensor by tensor. */
function mixed(a: number, x: TensorMap, b: number, y: TensorMap): TensorMap {
  return new Map(
    [...x].map(([name, { shape, data }]): [string, Tensor] => [
      name,
      { shape, data: data.map((value, i) => a * value + b * y.get(name)!.data[i]!) },
    ]),
  );
}

/** The delta to a function-preserving rewrite of base + delta. */
function rewritten(
  delta: TensorMap,
  rewrite: (local: Map<string, Tensor>, layer: number, expert: number) => void,
) {
  const local = new Map(mixed(1, base, 1, delta));
  for (const [layer, experts] of Object.entries(group.experts)) {
    for (const expert of experts) rewrite(local, Number(layer), expert);
  }
  return mixed(1, local, -1, base);
}

function permuteNeurons(local: Map<string, Tensor>, layer: number, expert: number): void {
  const { hiddenSize: h, moeIntermediateSize: m } = architecture;
  const order = new SeededRandom(seedOf('permutation')).shuffle(Array.from({ length: m }, (_, i) => i));
  for (const projection of ['gate_proj', 'up_proj'] as const) {
    const name = expertTensorName(layer, expert, projection);
    const { shape, data } = local.get(name)!;
    local.set(name, { shape, data: data.map((_, at) => data[order[Math.floor(at / h)]! * h + (at % h)]!) });
  }
  const name = expertTensorName(layer, expert, 'down_proj');
  const { shape, data } = local.get(name)!;
  local.set(name, { shape, data: data.map((_, at) => data[Math.floor(at / m) * m + order[at % m]!]!) });
}

function rescaleNeurons(local: Map<string, Tensor>, layer: number, expert: number): void {
  for (const [projection, factor] of [
    ['up_proj', 4],
    ['down_proj', 0.25],
  ] as const) {
    const name = expertTensorName(layer, expert, projection);
    const { shape, data } = local.get(name)!;
    local.set(name, { shape, data: data.map((value) => value * factor) });
  }
}

const common = randomTensors(specs, 'common', 0.005);
/** Honest updates share half of their variance: cosine 0.5. */
const honest = (name: string) => mixed(1, common, 1, randomTensors(specs, name, 0.005));
const noise = (label: string) => randomTensors(specs, label, 0.005 * Math.SQRT2);

const victim = honest('victim');
const rival = honest('rival');
const quantised = decodeDelta('int8', encodeDelta('int8', victim).bundle, specs);

const copies: [string, TensorMap][] = [
  ['the same bytes', victim],
  ['scaled', mixed(0.3, victim, 0, victim)],
  ['with noise', mixed(1, victim, 0.3, noise('noise'))],
  ['partly mixed with own work', mixed(0.8, victim, 0.2, honest('own'))],
  ['quantised again', quantised.kind === 'decoded' ? quantised.delta : new Map()],
  ['with neurons permuted', rewritten(victim, permuteNeurons)],
  ['with up and down rescaled', rewritten(victim, rescaleNeurons)],
];

function candidate(uid: number, delta: TensorMap, commitBlock: number, fingerprint: number[] | null = null) {
  const made: DuplicateCandidate = {
    ...{ uid: uid as Uid, hotkey: `key ${uid}` as Hotkey, commitBlock, fingerprint },
    sketch: sketch(delta),
  };
  return made;
}
function past(hotkey: string, round: number, delta: TensorMap): PastUpdate {
  return { hotkey: hotkey as Hotkey, round, commitBlock: 5 * round, sketch: sketch(delta) };
}
const find = (
  candidates: readonly DuplicateCandidate[],
  history: Parameters<typeof findDuplicates>[1] = [],
) => findDuplicates(candidates, history, 7, parameters, seed);

describe('sketches', () => {
  it('estimate cosines within their stated error', () => {
    const flat = (delta: TensorMap) => [...delta.values()].flatMap(({ data }) => [...data]);
    const exact = cosine(flat(victim), flat(rival));
    expect(Math.abs(weightSimilarity(sketch(victim), sketch(rival)) - exact)).toBeLessThan(0.12);
    expect(weightSimilarity(sketch(victim), sketch(victim))).toBeCloseTo(1, 9);
  });

  it('see through function-preserving rewrites by the response', () => {
    const original = sketch(victim);
    for (const rewrite of [permuteNeurons, rescaleNeurons]) {
      const copy = sketch(rewritten(victim, rewrite));
      expect(weightSimilarity(original, copy)).toBeLessThan(0.6);
      expect(responseSimilarity(original, copy)).toBeGreaterThan(0.999);
    }
  });
});

describe('duplicates', () => {
  it.each(copies)('a copy %s loses to the earlier commitment', (_, copy) => {
    const found = find([candidate(1, copy, 52), candidate(2, victim, 51), candidate(3, rival, 50)]);
    expect(found).toMatchObject([{ uid: 1, reason: 'duplicate_of', of: 'key 2', round: 7 }]);
  });

  it.each(copies)('a copy %s of an earlier round loses too', (_, copy) => {
    const history = [past('key 2', 6, victim)];
    expect(find([candidate(1, copy, 52)], history)).toMatchObject([{ uid: 1, of: 'key 2', round: 6 }]);
  });

  it('honest updates of one domain are not duplicates', () => {
    const miners = ['a', 'b', 'c', 'd', 'e', 'f'].map((name, uid) => candidate(uid, honest(name), 50));
    expect(find(miners)).toEqual([]);
  });

  describe('with peers that show what honest work shares', () => {
    const peers = ['a', 'b', 'c', 'd'].map((name, i) => past(`peer ${i}`, 6, honest(name)));
    const history = [...peers, past('key 2', 6, victim)];

    it('a copy under noise of its own size loses, and one that is permuted besides', () => {
      const drowned = mixed(1, victim, 1, noise('drowning'));
      for (const copy of [drowned, rewritten(drowned, permuteNeurons)]) {
        const [found] = find([candidate(1, copy, 52)], history);
        expect(found).toMatchObject({ of: 'key 2', round: 6 });
        expect(Math.max(found!.weightCosine, found!.responseCosine)).toBeLessThan(0.85);
      }
    });

    it('honest work stands beside all of it', () => {
      expect(find([candidate(1, honest('new'), 52), candidate(3, rival, 52)], history)).toEqual([]);
    });

    it("works made of a victim's own part do not turn honest ones into its copies", () => {
      const shared = mixed(1, common, 0, common);
      const slander = [1, -1].flatMap((sign) =>
        [0, 1].map((size, i) =>
          candidate(
            20 + 2 * sign + i,
            mixed(sign, mixed(1, shared, -1, victim), size, noise(`${sign} ${i}`)),
            50,
          ),
        ),
      );
      const later = [candidate(1, honest('new'), 51), candidate(3, rival, 51)];
      const found = find([...slander, ...later], history);
      expect(found.filter(({ uid }) => uid < 10)).toEqual([]);
    });

    it('noise that others submit does not make honest work look like a copy', () => {
      const junk = Array.from({ length: 12 }, (_, i) => past(`junk ${i}`, 6, noise(`junk ${i}`)));
      for (const of of [[past('peer', 6, honest('a'))], history]) {
        const all = [...of, past('key 2', 6, victim), ...junk];
        expect(find([candidate(1, honest('new'), 52), candidate(3, rival, 52)], all)).toEqual([]);
      }
    });

    it('an update of the largest values there are does not blind the comparison of others', () => {
      const loud = mixed(0, victim, 2e37 / 0.005, honest('loud'));
      const drowned = mixed(1, victim, 1, noise('drowning'));
      const found = find([candidate(10, loud, 50), candidate(1, drowned, 52)], history);
      expect(found.map(({ uid }) => uid)).toEqual([1]);
    });

    it('copies that are sent beforehand do not explain a later one away', () => {
      const veil = ['x', 'y', 'z'].map((label, i) =>
        candidate(10 + i, mixed(1, victim, 0.4, noise(label)), 50),
      );
      const found = find([...veil, candidate(1, mixed(1, victim, 1, noise('drowning')), 52)], history);
      expect(found.map(({ uid, of }) => [uid, of])).toEqual([1, 10, 11, 12].map((uid) => [uid, 'key 2']));
    });
  });

  it('of an earlier round name the first of several equal ones, by block', () => {
    const first = { ...past('key 9', 6, victim), commitBlock: 29 };
    expect(find([candidate(1, victim, 52)], [past('key 2', 6, victim), first])).toMatchObject([
      { of: 'key 9', round: 6 },
    ]);
  });

  it('the victim of a copy never loses, whoever has the lower uid', () => {
    for (const [victimUid, copyUid] of [
      [1, 2],
      [2, 1],
    ] as const) {
      const found = find([candidate(victimUid, victim, 50), candidate(copyUid, victim, 51)]);
      expect(found.map(({ uid }) => uid)).toEqual([copyUid]);
    }
  });

  it('commitments of one block are ordered by the seed, not by uid', () => {
    const pair = [candidate(1, victim, 50), candidate(2, victim, 50)];
    const losers = Array.from({ length: 16 }, (_, i) => {
      const [found] = findDuplicates(pair, [], 7, parameters, seedOf(`tie ${i}`));
      return found!.uid;
    });
    expect(new Set(losers).size).toBe(2);
  });

  it('a chain of ever more changed copies leads back to the original', () => {
    const second = mixed(1, victim, 0.35, noise('first'));
    const third = mixed(1, second, 0.35, noise('second'));
    const found = find([candidate(1, victim, 50), candidate(2, second, 51), candidate(3, third, 52)]);
    expect(found.map(({ uid, of }) => [uid, of])).toEqual([
      [2, 'key 1'],
      [3, 'key 1'],
    ]);
  });

  it('a heavily noised copy needs the functional fingerprint', () => {
    const noisy = mixed(1, victim, 0.9, noise('heavy'));
    const fingerprint = [5, 1, 4, 2, 8];
    expect(find([candidate(1, victim, 50), candidate(2, noisy, 51)])).toEqual([]);
    const measured = [candidate(1, victim, 50, fingerprint), candidate(2, noisy, 51, [10, 2, 8, 4, 16.1])];
    expect(find(measured)).toMatchObject([{ uid: 2 }]);
    expect(functionalSimilarity(fingerprint, [10, 2, 8, 4, 16])).toBeCloseTo(1, 9);
  });

  it("one's own work of an earlier round is stale, and forgotten after the lookback", () => {
    const own = (round: number) => [past('key 1', round, victim)];
    expect(find([candidate(1, victim, 50)], own(4))).toMatchObject([{ reason: 'stale_delta', round: 4 }]);
    expect(find([candidate(1, victim, 50)], own(3))).toEqual([]);
  });
});
