import { describe, expect, test } from 'vitest';
import { ApiKeys } from './api-keys.ts';
import { isLoopback, namesLoopback } from './loopback.ts';

const KEY = 'sk-0123456789abcdef';

describe('API keys', () => {
  test('are found by their whole text only', () => {
    const keys = ApiKeys.parse(`# clients\n${KEY} alice\n${KEY}9 bob admin # may swap\n`, 'keys');
    expect(keys.find(KEY)).toEqual({ name: 'alice', isAdmin: false });
    expect(keys.find(`${KEY}9`)).toEqual({ name: 'bob', isAdmin: true });
    for (const wrong of ['', KEY.slice(0, -1), `${KEY} `]) expect(keys.find(wrong)).toBeNull();
  });

  test.each([
    ['no key', '# nothing\n', 'holds no key'],
    ['a key without a name', KEY, 'Line 1'],
    ['a short key', `\nshort alice`, 'Line 2'],
    ['a key twice', `${KEY} a\n${KEY} b`, 'repeats'],
    ['an unknown role', `${KEY} a root`, 'Line 1'],
  ])('a file with %s is refused, and its keys are not repeated', (_, text, message) => {
    const parse = () => ApiKeys.parse(text, 'keys');
    expect(parse).toThrow(message);
    expect(parse).not.toThrow(KEY);
  });
});

test('loopback is known by address and by the name a client asks for', () => {
  for (const host of ['127.0.0.1', '127.9.9.9', 'localhost', '::1']) expect(isLoopback(host)).toBe(true);
  for (const host of ['0.0.0.0', '::', '10.0.0.1', 'localhost.evil.example', '127.0.0.1.evil.example'])
    expect(isLoopback(host)).toBe(false);
  for (const header of ['127.0.0.1:8080', 'localhost', '[::1]:80']) expect(namesLoopback(header)).toBe(true);
  for (const header of [undefined, 'evil.example:8080', '127.0.0.1.evil.example'])
    expect(namesLoopback(header)).toBe(false);
});
