import fc from 'fast-check';
import { describe, it } from 'vitest';
import { fuzzDecodeDelta, fuzzMutatedBundle } from '../testing/codec-fuzz-targets.ts';

describe('hostile bundles', () => {
  it.each([fuzzDecodeDelta, fuzzMutatedBundle])('%o finds no broken promise', (target) => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), target), { numRuns: 3000 });
  });
});
