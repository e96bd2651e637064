import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { upOptions } from '../commands/up/options.ts';
import {
  indexListOption,
  integerOption,
  nameListOption,
  parseOptions,
  portOption,
  shareOption,
  urlOption,
} from './options.ts';

describe('options', () => {
  it('are refused by the name they were typed with', () => {
    const schema = z.object({ innerSteps: integerOption(1, 10) });
    expect(() => parseOptions(schema, { innerSteps: '11' })).toThrow(
      '--inner-steps: must be a whole number from 1 to 10, not "11"',
    );
  });

  it('are all named when several are wrong', () => {
    const schema = z.object({ port: portOption, share: shareOption });
    expect(() => parseOptions(schema, { port: '99999', share: '2' })).toThrow(/--port: .*\n--share: /);
  });

  it('take whole numbers only', () => {
    const schema = integerOption(0, 100);
    expect(schema.parse('42')).toBe(42);
    for (const text of ['', '-1', '1.5', '1e3', 'x', ' 1', '101'])
      expect(schema.safeParse(text).success).toBe(false);
  });

  it('take lists without repetitions', () => {
    expect(nameListOption.parse('code, law')).toEqual(['code', 'law']);
    expect(nameListOption.safeParse('code,code').success).toBe(false);
    expect(nameListOption.safeParse('code,,law').success).toBe(false);
    expect(indexListOption.parse('2,3')).toEqual([2, 3]);
    expect(indexListOption.safeParse('2,x').success).toBe(false);
  });

  it('take http URLs only', () => {
    expect(urlOption.parse('http://127.0.0.1:80').port).toBe('');
    expect(urlOption.safeParse('127.0.0.1:80').success).toBe(false);
    expect(urlOption.safeParse('file:///etc/passwd').success).toBe(false);
  });
});

describe('options of `up`', () => {
  const parse = (given: Record<string, string>) =>
    parseOptions(upOptions, { dir: '.connito', color: true, dashboard: true, ...given });

  it('must leave an honest miner', () => {
    expect(() => parse({ miners: '2' })).toThrow('leave no honest one');
    expect(parse({ miners: '2', copycats: '0' }).miners).toBe(2);
  });

  it('must fit the ledger', () => {
    expect(() => parse({ miners: '200', validators: '100' })).toThrow('more than 256');
  });

  it('leave out what was not given, so that a stored network decides', () => {
    expect(parse({}).miners).toBeUndefined();
  });
});
