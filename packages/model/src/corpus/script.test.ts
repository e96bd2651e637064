import { expect, test } from 'vitest';
import { loadCorpusParts } from './load-corpus.ts';
import { isMainlyLatin } from './script.ts';

test('accents, numbers and single foreign words do not make a text foreign', () => {
  expect(isMainlyLatin('Der Übertragungsempfänger, § 5: 1.000 Zeichen — naïve, façade.')).toBe(true);
  expect(isMainlyLatin('The licence known as 木兰 is compatible with others of its kind.')).toBe(true);
  expect(isMainlyLatin('12 + 34 = 46')).toBe(true);
});

test('a text in another script is foreign', () => {
  expect(isMainlyLatin('木兰宽松许可证, 第2版 (Mulan PSL)')).toBe(false);
  expect(isMainlyLatin('Лицензия на программное обеспечение')).toBe(false);
});

test('no held-out law text is in another script', async () => {
  const { parts } = await loadCorpusParts('law');
  for (const part of ['adapt', 'heldout', 'reporting'] as const) {
    expect(parts[part].filter(({ text }) => !isMainlyLatin(text))).toEqual([]);
  }
});
