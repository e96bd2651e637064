import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RoundReplay } from '@connito/replay';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCli } from '../../program.ts';
import { capturedContext } from '../../testing/captured-context.ts';
import { roundLines, summaryLine } from './verify-lines.ts';

const round: RoundReplay = {
  ...{ round: 3, outcome: 'canonical', state: 'ab'.repeat(32) },
  losses: {
    kind: 'measured',
    compared: 100,
    exact: 90,
    largestNanoNats: 1_200,
    toleranceNanoNats: 2_000_000,
  },
  differences: [{ round: 3, artefact: 'bundle of uid 4', field: 'sha256', expected: 'aa', found: 'bb' }],
  findings: [
    {
      ...{ round: 3, validator: { uid: 2 as never, hotkey: '5x' as never } },
      ...{
        artefact: 'report of uid 2',
        field: 'outcomes.4.scoreNanoNats',
        expected: '1',
        found: '9'.repeat(200),
      },
    },
  ],
};

describe('what verify prints', () => {
  it('names artifact, field, what was expected and what was found', () => {
    const lines = roundLines(round);
    expect(lines[0]).toContain('Round 3: 1 DIFFERENCE; canonical');
    expect(lines[0]).toContain('100 reported losses within 2.000 millinats (largest 0.001, 90 equal)');
    expect(lines[1]).toBe('  DIFFERENCE  bundle of uid 4, sha256: expected aa, found bb');
    expect(lines[2]).toMatch(
      /finding {5}report of uid 2, outcomes\.4\.scoreNanoNats: expected 1, found 9{80}…$/,
    );
  });

  it('says when all losses are equal, and when none was measured', () => {
    const exact = { ...round.losses, compared: 8, exact: 8 } as RoundReplay['losses'];
    expect(roundLines({ ...round, losses: exact })[0]).toContain('8 reported losses equal to the last digit');
    expect(roundLines({ ...round, losses: { kind: 'not_measured' } })[0]).toContain('losses not measured');
    const nothing = { ok: true, rounds: 2, head: null, differences: [], findings: [] };
    expect(summaryLine({ ...nothing, losses: 'not_measured' })).toContain('Losses were NOT measured');
    expect(summaryLine({ ...nothing, losses: 'measured' })).toBe('Verified 2 rounds: nothing differs.');
  });
});

describe('verify', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'connito-verify-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each([
    [['--round', '1', '--all'], 2, 'names one round'],
    [['--head', 'xyz'], 2, '64 lower-case hex digits'],
    [['--dir', '/nowhere/at/all'], 4, 'There is no network'],
    [['--archive', '/nowhere/rounds.tar'], 3, '/nowhere/rounds.tar'],
  ])('%j ends with %i', async (args, code, message) => {
    const context = capturedContext(folder);
    expect(await runCli(['verify', ...args], context)).toBe(code);
    expect(context.err()).toContain(message);
  });

  it('refuses a file that is no archive', async () => {
    const path = join(folder, 'junk.tar');
    await writeFile(path, new Uint8Array(4096).fill(7));
    const context = capturedContext(folder);
    expect(await runCli(['verify', '--json', '--archive', path], context)).toBe(4);
    expect(JSON.parse(context.err())).toMatchObject({ type: 'error', code: 'archive_malformed' });
  });
});
