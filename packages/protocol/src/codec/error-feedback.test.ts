import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TensorMap } from '../tensor/tensor.ts';
import { randomTensors } from '../testing/example-run.ts';
import type { CodecChoice } from './codec.ts';
import { decodeDelta, encodeDelta } from './delta-codec.ts';
import { carriedResidual, type UpdateFate } from './error-feedback.ts';

const CODECS: readonly CodecChoice[] = [
  'fp16',
  'int8',
  { kind: 'top-k', chunk: 64, kept: 2, bits: 2 },
  { kind: 'top-k', chunk: 64, kept: 4, bits: 1 },
];
const specs = [{ name: 'w', shape: [100] }];

type Rule = Parameters<typeof carriedResidual>[1];
const rules: readonly Rule[] = [
  { merged: 'residual', rejected: 'residual', void: 'residual', decay: '1' },
  { merged: 'residual', rejected: 'delta', void: 'delta', decay: '0.9' },
  { merged: 'residual', rejected: 'nothing', void: 'residual', decay: '0.5' },
  { merged: 'nothing', rejected: 'nothing', void: 'nothing', decay: '1' },
];
const fates = fc.array(fc.constantFrom<UpdateFate>('merged', 'rejected', 'void'), {
  minLength: 1,
  maxLength: 12,
});

type Round = {
  readonly intended: Float32Array;
  readonly sent: Float32Array;
  readonly carried: Float32Array | null;
};

/** What a miner with a new delta in each round intends, sends and carries on, for given fates. */
function rounds(codec: CodecChoice, rule: Rule, fate: readonly UpdateFate[]): Round[] {
  let carried: TensorMap | null = null;
  return fate.map((what, i) => {
    const delta = randomTensors(specs, `round ${i}`, 0.01);
    const { bundle, residual } = encodeDelta(codec, delta, carried);
    const decoded = decodeDelta(codec, bundle, specs);
    if (decoded.kind === 'invalid') throw new Error(decoded.why);
    carried = carriedResidual(what, rule, { sent: decoded.delta, residual });
    return {
      intended: delta.get('w')!.data,
      sent: decoded.delta.get('w')!.data,
      carried: carried?.get('w')?.data ?? null,
    };
  });
}

function norm(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
}

describe.each(CODECS)('error feedback with %j', (codec) => {
  it('loses nothing: all that was sent, and what is still carried, is all that was intended', () => {
    const done = rounds(codec, rules[0]!, Array<UpdateFate>(40).fill('merged'));
    const last = done.at(-1)!.carried!;
    for (let i = 0; i < 100; i++) {
      const intended = done.reduce((sum, round) => sum + round.intended[i]!, 0);
      const sent = done.reduce((sum, round) => sum + round.sent[i]!, 0);
      expect(sent + last[i]!).toBeCloseTo(intended, 6);
    }
  });

  it('carries after any fates what the rule says of them', () => {
    fc.assert(
      fc.property(fc.constantFrom(...rules), fates, (rule, sequence) => {
        let carried = new Float32Array(100);
        for (const [round, { intended, sent, carried: found }] of rounds(codec, rule, sequence).entries()) {
          const unsent = carried.map((value, i) => value + intended[i]! - sent[i]!);
          const kept = {
            residual: unsent,
            delta: unsent.map((value, i) => value + sent[i]!),
            nothing: new Float32Array(100),
          }[rule[sequence[round]!]];
          const decay = Number(rule.decay);
          for (let i = 0; i < 100; i++) expect(found?.[i] ?? 0).toBeCloseTo(decay * kept[i]!, 6);
          carried = found?.slice() ?? new Float32Array(100);
        }
      }),
      { numRuns: 40 },
    );
  });

  it('stays bounded by the decay, even if every update is rejected and carried whole', () => {
    const rule = rules[1]!;
    const done = rounds(codec, rule, Array<UpdateFate>(60).fill('rejected'));
    const longest = Math.max(...done.map(({ intended }) => norm(intended)));
    const bound = (0.9 / (1 - 0.9)) * longest;
    for (const { carried } of done) expect(norm(carried!)).toBeLessThan(bound);
  });
});

describe('error feedback', () => {
  const sent = randomTensors(specs, 'sent');
  const residual = randomTensors(specs, 'rest');

  it('decays once for each round since the update', () => {
    const rule = { merged: 'residual', rejected: 'delta', void: 'nothing', decay: '0.5' } as const;
    const carried = carriedResidual('merged', rule, { sent, residual }, 3)!.get('w')!.data;
    expect(carried).toEqual(residual.get('w')!.data.map((value) => value / 8));
  });

  it('does not copy what it carries as it is', () => {
    expect(carriedResidual('merged', rules[0]!, { sent, residual }, 2)).toBe(residual);
  });
});
