import { adamWState, adamWStep, globalNorm } from '@connito/engine';
import { describe, expect, test } from 'vitest';
import fixture from '../fixtures/adamw.json' with { type: 'json' };

type Named = Readonly<Record<string, readonly number[] | readonly (readonly number[])[]>>;

const flat = (values: Named[string]): Float32Array => Float32Array.from(values.flat() as number[]);
const flatten = (tensors: Named): Map<string, Float32Array> =>
  new Map(Object.entries(tensors).map(([name, values]) => [name, flat(values)]));

/** Storage in single precision against PyTorch in double. */
const TOLERANCE = 1e-6;

describe('AdamW steps of PyTorch', () => {
  test.each(['unclipped', 'clipped'] as const)('are reproduced, %s', (kind) => {
    const { maxNorm, steps } = fixture[kind];
    const { learningRate, beta1, beta2, eps: epsilon, weightDecay } = fixture.options;
    const parameters = flatten(fixture.initial as Named);
    const states = new Map([...parameters].map(([name, values]) => [name, adamWState(values.length)]));
    steps.forEach((expected, i) => {
      const gradients = flatten(fixture.gradients[i] as Named);
      const norm = globalNorm(gradients.values());
      expect(norm).toBeCloseTo(expected.gradientNorm, 5);
      const scale = maxNorm === null ? 1 : Math.min(1, maxNorm / norm);
      for (const [name, values] of parameters) {
        const options = { learningRate, beta1, beta2, epsilon, weightDecay };
        adamWStep(values, gradients.get(name)!, states.get(name)!, i + 1, options, scale);
        flat((expected.parameters as Named)[name]!).forEach((value, j) => {
          expect(Math.abs(values[j]! - value), `step ${i + 1}, ${name}[${j}]`).toBeLessThan(TOLERANCE);
        });
      }
    });
  });
});
