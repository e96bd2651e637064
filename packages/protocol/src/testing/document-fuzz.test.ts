import { describe, expect, it } from 'vitest';
import { documentFuzzTargets } from './document-fuzz-targets.ts';
import { FuzzInputs, nextInput } from './fuzz-input.ts';

/** `bench/fuzz` does ten million; these are to notice a broken parser at once. */
const INPUTS = 400;

describe('hostile documents', () => {
  it.each(documentFuzzTargets())(
    '$name: any bytes are refused or read, and valid ones are read',
    (target) => {
      for (const bytes of target.valid) target.run(bytes);
      const inputs = new FuzzInputs(1);
      for (let i = 0; i < INPUTS; i++) target.run(nextInput(inputs, target));
    },
  );

  it('are the same for the same seed', () => {
    const [target] = documentFuzzTargets();
    const series = (seed: number) => {
      const inputs = new FuzzInputs(seed);
      return Array.from({ length: 50 }, () => [...nextInput(inputs, target!)]);
    };
    expect(series(3)).toEqual(series(3));
    expect(series(3)).not.toEqual(series(4));
  });
});
