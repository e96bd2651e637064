import { ManualClock } from '@connito/node';
import { describe, expect, it } from 'vitest';
import type { NetworkEvent } from '../observe/network-event.ts';
import { summarize } from '../observe/summary.ts';
import { capturedOutput } from '../testing/captured-context.ts';
import { phaseEvent, sampleRound, startedEvent } from '../testing/sample-network.ts';
import { jsonDisplay, liveDisplay, plainDisplay } from './network-display.ts';
import { PLAIN_STYLE } from './style.ts';

const EVENTS: readonly NetworkEvent[] = [
  { type: 'progress', text: 'Making wallets' },
  startedEvent(),
  { type: 'history', rounds: [] },
  phaseEvent(),
  phaseEvent({ entered: false, blocksLeft: 0, blocksDone: 5, block: 7 }),
  { type: 'round', secondsSinceStart: 40, ...sampleRound(0) },
  summarize([sampleRound(0)], { directory: '/net', run: 'a'.repeat(64), secondsToFirstMerge: 40 }),
];

describe('the JSON display', () => {
  it('prints one object a line, phases as they are entered, the summary last', () => {
    const output = capturedOutput();
    const display = jsonDisplay(output);
    for (const event of EVENTS) display.show(event);
    const lines = output
      .text()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ type }) => type)).toEqual([
      'progress',
      'started',
      'history',
      'phase',
      'round',
      'summary',
    ]);
    expect(lines.at(-1)).toMatchObject({
      secondsToFirstMerge: 40,
      rounds: [{ round: 0, agreed: true, groups: [{ domain: 'code' }, { domain: 'law' }] }],
      miners: [{ uid: 1 }, { uid: 2 }, { uid: 3 }, { uid: 4 }],
    });
  });
});

describe('the plain display', () => {
  it('prints a line for each phase and round, then the summary', () => {
    const output = capturedOutput();
    const display = plainDisplay(output, new ManualClock(0));
    for (const event of EVENTS) display.show(event);
    const lines = output.text().split('\n');
    expect(lines).toContain('00:00:00  Round 0: evaluate');
    expect(lines.find((line) => line.includes('Round 0 merged'))).toContain('code 2.0000 → 1.9900');
    expect(output.text()).toContain('sub-model gap code +12.00, law +12.00 millinats');
    expect(output.text()).toContain('Rounds 0 to 0');
    expect(output.text()).not.toContain('\u001b');
  });
});

describe('the live display', () => {
  it('draws changes together, and the summary below the last view', () => {
    const output = capturedOutput({ columns: 100, rows: 60 });
    const clock = new ManualClock();
    using display = liveDisplay(output, PLAIN_STYLE, clock);
    output.take();
    for (const event of EVENTS.slice(0, 5)) display.show(event);
    expect(output.take()).toBe('');
    clock.advance(100);
    expect(output.take()).toContain('round 0  evaluate');
    for (const event of EVENTS.slice(5)) display.show(event);
    const end = output.take();
    expect(end.indexOf('2.0000 → 1.9900')).toBeGreaterThan(-1);
    expect(end.indexOf('Rounds 0 to 0')).toBeGreaterThan(end.indexOf('2.0000 → 1.9900'));
  });
});
