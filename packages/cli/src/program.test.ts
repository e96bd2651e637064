import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EXIT_CODES } from './exit-codes.ts';
import { runCli } from './program.ts';
import { capturedContext } from './testing/captured-context.ts';

const COMMANDS = [
  ['up'],
  ['status'],
  ['explain'],
  ['doctor'],
  ['keys', 'new'],
  ['keys', 'list'],
  ['experts', 'select'],
  ['foundation', 'train'],
  ...['build', 'sign', 'verify', 'inspect', 'publish', 'install', 'search', 'list', 'diff', 'remove'].map(
    (name) => ['package', name],
  ),
  ...['index', 'compare', 'deprecate', 'rollback', 'restore', 'revoke', 'statement', 'check', 'settle'].map(
    (name) => ['market', name],
  ),
  ['ledger', 'serve'],
  ['store', 'serve'],
  ['validator', 'start'],
  ['miner', 'start'],
];

describe('connito', () => {
  it.each(COMMANDS)('%s %s has --help and --json', async (...command) => {
    const context = capturedContext();
    expect(await runCli([...command.filter(Boolean), '--help'], context)).toBe(EXIT_CODES.ok);
    expect(context.out()).toContain('--json');
    expect(context.err()).toBe('');
  });

  it('lists its exit codes', async () => {
    const context = capturedContext();
    await runCli(['--help'], context);
    for (const code of Object.values(EXIT_CODES))
      expect(context.out()).toMatch(new RegExp(`^ {2}${code} +\\S`, 'm'));
  });

  it('names an unknown option and one that may have been meant', async () => {
    const context = capturedContext();
    expect(await runCli(['up', '--minres', '4'], context)).toBe(EXIT_CODES.usage);
    expect(context.err()).toBe(
      `error: unknown option '--minres' (Did you mean --miners?)\n"connito up --help" lists what it takes.\n`,
    );
  });

  it('tells failures as JSON when asked to', async () => {
    const context = capturedContext();
    expect(await runCli(['up', '--miners', 'many', '--json'], context)).toBe(EXIT_CODES.usage);
    expect(JSON.parse(context.err())).toMatchObject({ type: 'error', code: 'invalid_option' });
    expect(context.out()).toBe('');
  });

  it.each([
    ['up', ['--serving-key', 'key'], '--serving-key: needs --serving too'],
    ['dashboard', ['--serving-key', 'key'], '--serving-key: needs --serving too'],
    ['up', ['--no-dashboard', '--market', 'index.json'], '--market: is shown by the dashboard'],
    ['up', ['--no-dashboard', '--statements', 'a', 'b'], '--statements: is shown by the dashboard'],
  ])('%s refuses %j, which would do nothing', async (command, flags, message) => {
    const context = capturedContext();
    expect(await runCli([command, ...flags], context)).toBe(EXIT_CODES.usage);
    expect(context.err()).toContain(message);
  });

  it('says so where it was stopped before it was done', async () => {
    const context = capturedContext(await mkdtemp(join(tmpdir(), 'connito-stopped-')));
    const stopped = {
      ...context,
      onStopRequest: (listener: (cause: 'SIGINT') => void) => {
        listener('SIGINT');
        return () => undefined;
      },
    };
    const lab = ['lab', '--scenario', 'copycats', '--dir', join(context.cwd, 'lab')];
    expect(await runCli(lab, stopped)).toBe(EXIT_CODES.interrupted);
    expect(context.err()).toContain('error: Stopped (SIGINT) before it was done.\n');
    await rm(context.cwd, { recursive: true });
  });

  it('prints help and fails where a command is missing', async () => {
    const context = capturedContext();
    expect(await runCli([], context)).toBe(EXIT_CODES.usage);
    expect(context.err()).toContain('Usage: connito');
    expect(context.err()).not.toContain('error:');
  });

  it('says where there is no network, and how to get one', async () => {
    const context = capturedContext();
    expect(await runCli(['status', '--dir', '/nowhere/connito'], context)).toBe(EXIT_CODES.data);
    expect(context.err()).toContain('connito up');
  });

  it('makes and lists hotkeys, and overwrites none', async () => {
    const walletsPath = await mkdtemp(join(tmpdir(), 'connito-keys-'));
    try {
      const options = ['--wallets-path', walletsPath, '--json'];
      const made = capturedContext();
      expect(await runCli(['keys', 'new', '--hotkey', 'one', ...options], made)).toBe(EXIT_CODES.ok);
      const { address } = JSON.parse(made.out());
      const listed = capturedContext();
      await runCli(['keys', 'list', ...options], listed);
      expect(JSON.parse(listed.out()).keys).toEqual([
        { wallet: 'default', hotkey: 'one', address, fault: null },
      ]);
      const again = capturedContext();
      expect(await runCli(['keys', 'new', '--hotkey', 'one', ...options], again)).toBe(
        EXIT_CODES.environment,
      );
      expect(JSON.parse(again.err()).code).toBe('hotkey_exists');
    } finally {
      await rm(walletsPath, { recursive: true });
    }
  });
});
