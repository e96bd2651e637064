import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { REFINEMENT } from '@connito/composition';
import { writePackageFolder } from '@connito/market';
import { examplePackage } from '@connito/market/testing';
import { createHotkey } from '@connito/node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCli } from '../../program.ts';
import { capturedContext } from '../../testing/captured-context.ts';
import { composeCommand } from './command.ts';

let work: string;
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'connito-cli-compose-'));
  await createHotkey({ walletsPath: join(work, 'wallets'), wallet: 'default', hotkey: 'default' });
  await writePackageFolder(join(work, 'math'), await examplePackage());
});
afterAll(() => rm(work, { recursive: true, force: true }));

async function compose(...args: string[]) {
  const context = capturedContext();
  const flags = ['--out', join(work, 'out'), '--wallets-path', join(work, 'wallets'), '--json'];
  const exitCode = await runCli(['compose', ...flags, ...args], context);
  return { exitCode, output: context.out() + context.err() };
}

test('a package for another base is refused before anything is read or written', async () => {
  const { exitCode, output } = await compose('--with', join(work, 'math'));
  expect(output).toContain('math@1.0.0 was made for the base model');
  expect(exitCode).toBe(4);
});

test('a package that is not installed is named', async () => {
  const { exitCode, output } = await compose('--with', 'law@1', '--packages', join(work, 'none'));
  expect(output).toContain('law@1');
  expect(exitCode).not.toBe(0);
});

test('packages are named after one --with, or after several', async () => {
  const { exitCode, output } = await compose('--with', join(work, 'math'), 'law@1', '--with', 'code@1');
  expect(output).not.toContain('too many arguments');
  expect(exitCode).toBe(4);
});

test('as many steps refine the rows as the bench found best', () => {
  const option = composeCommand(capturedContext()).options.find(({ long }) => long === '--refine');
  expect(option!.defaultValue).toBe(`${REFINEMENT.steps}`);
});

test('no package at all is a wrong command line', async () => {
  expect((await compose()).exitCode).toBe(2);
});
