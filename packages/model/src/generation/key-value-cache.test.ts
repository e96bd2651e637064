import { floats } from '@connito/engine';
import { expect, test } from 'vitest';
import type { ModelConfig } from '../config.ts';
import { KeyValueCache } from './key-value-cache.ts';

const CONFIG = { layers: 2, keyValueHeads: 2, headSize: 3 } as ModelConfig;
const TOKEN_FLOATS = CONFIG.layers * 2 * CONFIG.keyValueHeads * CONFIG.headSize;

const tokens = (count: number, value: number) => new Float32Array(count * TOKEN_FLOATS).fill(value);
function addSequence(cache: KeyValueCache, count: number, value: number): number {
  const row = cache.addRow();
  cache.reserve(count);
  cache.append(row, tokens(count, value), 0, count);
  return row;
}
/** What attention reads of a row: every place of it, those that the mask gives no weight too. */
const valuesOf = (cache: KeyValueCache, row: number): number[] =>
  Object.entries(cache.feeds(row, 1))
    .filter(([name]) => name !== 'pastMask')
    .flatMap(([, value]) => [...floats(value)]);

test('a sequence that is not finite leaves nothing in the row of the next', () => {
  const cache = new KeyValueCache(CONFIG);
  addSequence(cache, 1, 1);
  cache.removeRow(addSequence(cache, 40, Number.NaN));
  const next = addSequence(cache, 2, 5);
  const values = valuesOf(cache, next);
  expect(values.every(Number.isFinite)).toBe(true);
  expect(values.filter((value) => value === 5).length).toBe(2 * TOKEN_FLOATS);
});

test('nor in the row that moves into its place, nor in one taken over from another cache', () => {
  const cache = new KeyValueCache(CONFIG);
  const broken = addSequence(cache, 40, Number.NaN);
  addSequence(cache, 3, 7);
  cache.removeRow(broken);
  expect(cache.length(broken)).toBe(3);
  expect(valuesOf(cache, broken).every(Number.isFinite)).toBe(true);

  addSequence(cache, 4, 1);
  cache.removeRow(addSequence(cache, 40, Number.POSITIVE_INFINITY));
  const other = new KeyValueCache(CONFIG);
  const adopted = cache.adopt(other, addSequence(other, 2, 9));
  expect(valuesOf(cache, adopted).every(Number.isFinite)).toBe(true);
});
