import { globSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

/** A call of a log, with what follows up to the end of its first argument. */
const CALL = /\blog\.(?:debug|info|warn|error)\(\s*((?:'[^'\n]*'|[^,)])*)/g;
/** One sentence: a capital, no value in it, no full stop. */
const SENTENCE = /^'[A-Z][^'$]{3,80}[^.'$ ]'$/;

const sources = globSync('packages/*/src/**/*.ts').filter((path) => !/\.test\.ts$|\/testing\//.test(path));

test('every log call begins with a constant sentence; what varies is in fields', () => {
  const calls = sources.flatMap((path) =>
    [...readFileSync(path, 'utf8').matchAll(CALL)].map(([, first]) => ({ path, sentence: first!.trim() })),
  );
  expect(calls.length).toBeGreaterThan(20);
  expect(calls.filter(({ sentence }) => !SENTENCE.test(sentence))).toEqual([]);
});

test('nothing in the packages writes to the console past the log', () => {
  const withoutComments = (path: string) =>
    readFileSync(path, 'utf8').replaceAll(/^\s*(?:\*|\/\*|\/\/).*$/gm, '');
  const offenders = sources.filter((path) => /\bconsole\.\w+\(/.test(withoutComments(path)));
  expect(offenders).toEqual([]);
});
