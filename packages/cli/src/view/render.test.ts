import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { NetworkEvent } from '../observe/network-event.ts';
import { phaseEvent, sampleRound, startedEvent } from '../testing/sample-network.ts';
import { EMPTY_VIEW, updateView } from './network-view.ts';
import { render } from './render.ts';
import { progressBar, sparkline } from './sparkline.ts';
import { COLOUR_STYLE, PLAIN_STYLE, styleFor } from './style.ts';

const viewAfter = (...events: readonly NetworkEvent[]) => events.reduce(updateView, EMPTY_VIEW);
const roundEvent = (round: number): NetworkEvent => ({
  type: 'round',
  secondsSinceStart: 1,
  ...sampleRound(round),
});
const full = viewAfter(startedEvent(), phaseEvent(), roundEvent(0), roundEvent(1));

describe('the view of a network', () => {
  it('shows run, round, phase, blocks left and where to look', () => {
    const text = render(full, 120).join('\n');
    expect(text).toContain('connito  local');
    expect(text).toMatch(/round 0 {2}evaluate/);
    expect(text).toContain('2 blocks left in phase, 6 blocks in round');
    expect(text).toContain('ledger http://127.0.0.1:4001  store http://127.0.0.1:4002');
  });

  it('shows each domain’s loss from the start to now', () => {
    const code = render(full, 120).find((line) => line.startsWith('code'));
    expect(code).toContain('2.0000 → 1.9800 ↓');
    expect(code).toContain('+20.00 (+18.00 to +22.00)');
    expect(code).toMatch(/█.*▁$/);
    expect(render(full, 120).find((line) => line.startsWith('general'))).toContain('3.0000 → 3.0010 ↑');
  });

  it('shows each miner’s score, total and incentive, or why it got nothing', () => {
    const lines = render(full, 120);
    expect(lines.find((line) => line.includes('miner-1'))).toMatch(
      /1 +miner-1 +honest +code +4\.00 +8\.00 +50\.0 %$/,
    );
    expect(lines.find((line) => line.includes('miner-3'))).toContain('copy of earlier work');
    expect(lines.find((line) => line.includes('miner-4'))).toContain('breaks the model');
  });

  it('shows whether the validators agree', () => {
    const lines = render(full, 120);
    expect(lines).toContain('validators  1 of 1 reported, all agree on state 111111111111');
    const split = viewAfter(startedEvent(), {
      type: 'round',
      secondsSinceStart: 1,
      ...sampleRound(0, { agreed: false }),
    });
    expect(render(split, 120).join('\n')).toContain('NOT all agree');
  });

  it('shows processes that are down, and that they are back', () => {
    const crash = {
      type: 'process',
      name: 'miner-1',
      role: 'miner',
      pid: null,
      exit: 'SIGKILL',
      restartInMs: 500,
      why: null,
    } as const;
    const down = updateView(full, { ...crash, event: 'crashed' });
    expect(render(down, 120)).toContain('processes   6 of 7 running, down: miner-1');
    expect(render(down, 120).at(-1)).toBe('miner-1 was ended by SIGKILL; starting it again in 1 s');
    const back = updateView(down, { ...crash, event: 'started', pid: 7, exit: null, restartInMs: null });
    expect(render(back, 120)).toContain('processes   7 running');
  });

  it.each([20, 40, 60, 79, 100, 200])('fits a terminal of %i columns', (width) => {
    for (const view of [EMPTY_VIEW, viewAfter(startedEvent()), full]) {
      for (const style of [PLAIN_STYLE, COLOUR_STYLE]) {
        for (const line of render(view, width, style)) {
          expect(stripVTControlCharacters(line).length).toBeLessThanOrEqual(width);
        }
      }
    }
  });

  it('says the same with and without colour', () => {
    expect(render(full, 100, COLOUR_STYLE).map(stripVTControlCharacters)).toEqual(render(full, 100));
  });

  it('keeps the history of earlier starts', () => {
    const view = viewAfter(startedEvent(), { type: 'history', rounds: [sampleRound(0)] }, roundEvent(1));
    expect(render(view, 120).find((line) => line.startsWith('code'))).toContain('2.0000 → 1.9800');
  });
});

describe('colour', () => {
  const terminal = { color: true, isTTY: true, env: {} };

  it('is for terminals whose user wants it', () => {
    expect(styleFor(terminal)).toBe(COLOUR_STYLE);
    expect(styleFor({ ...terminal, color: false })).toBe(PLAIN_STYLE);
    expect(styleFor({ ...terminal, isTTY: false })).toBe(PLAIN_STYLE);
    expect(styleFor({ ...terminal, env: { NO_COLOR: '1' } })).toBe(PLAIN_STYLE);
    expect(styleFor({ ...terminal, env: { NO_COLOR: '' } })).toBe(COLOUR_STYLE);
    expect(styleFor({ ...terminal, env: { TERM: 'dumb' } })).toBe(PLAIN_STYLE);
  });
});

describe('bars', () => {
  it('span the smallest to the largest value', () => {
    expect(sparkline([3, 2, 1], 10)).toBe('█▅▁');
    expect(sparkline([1, 1], 10)).toBe('▅▅');
    expect(sparkline([1, 2, 3, 4], 2)).toBe('▁█');
    expect(sparkline([], 5)).toBe('');
  });

  it('fill by share', () => {
    expect(progressBar(0.5, 4)).toBe('██░░');
    expect(progressBar(2, 3)).toBe('███');
  });
});
