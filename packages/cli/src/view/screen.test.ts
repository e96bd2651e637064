import { describe, expect, it } from 'vitest';
import { capturedOutput } from '../testing/captured-context.ts';
import { Screen } from './screen.ts';

describe('the screen', () => {
  it('writes all lines first, then only those that changed', () => {
    const output = capturedOutput({ columns: 80, rows: 24 });
    const screen = new Screen(output);
    screen.draw(['one', 'two', 'three']);
    expect(output.take()).toContain('one\u001b[K\r\ntwo\u001b[K\r\nthree\u001b[K\r\n');
    screen.draw(['one', 'TWO', 'three']);
    expect(output.take()).toBe('\u001b[3A\r\r\nTWO\u001b[K\r\n\r\n');
  });

  it('writes nothing where nothing changed', () => {
    const output = capturedOutput({ columns: 80, rows: 24 });
    const screen = new Screen(output);
    screen.draw(['one']);
    output.take();
    screen.draw(['one']);
    expect(output.take()).toBe('');
  });

  it('clears what is left of more lines', () => {
    const output = capturedOutput({ columns: 80, rows: 24 });
    const screen = new Screen(output);
    screen.draw(['one', 'two']);
    output.take();
    screen.draw(['one']);
    expect(output.take()).toBe('\u001b[2A\r\r\n\u001b[J');
  });

  it('draws no more lines than the terminal has', () => {
    const output = capturedOutput({ columns: 80, rows: 3 });
    new Screen(output).draw(['one', 'two', 'three']);
    expect(output.take()).not.toContain('three');
  });

  it('gives the cursor back, once', () => {
    const output = capturedOutput();
    const screen = new Screen(output);
    output.take();
    screen[Symbol.dispose]();
    screen[Symbol.dispose]();
    screen.draw(['late']);
    expect(output.take()).toBe('\u001b[?25h');
  });
});
