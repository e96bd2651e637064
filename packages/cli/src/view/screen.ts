import type { Output } from '../command/context.ts';

const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
const CLEAR_TO_END = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';
const DEFAULT_COLUMNS = 80;
const DEFAULT_ROWS = 24;

/** Lines at the bottom of a terminal that are redrawn in place: only those that changed are written again. */
export class Screen implements Disposable {
  readonly #output: Output;
  #lines: readonly string[] = [];
  #width = 0;
  #open = true;

  constructor(output: Output) {
    this.#output = output;
    output.write(HIDE_CURSOR);
  }

  get width(): number {
    // Nothing may stand in the last column: some terminals wrap there.
    return Math.max(1, (this.#output.columns ?? DEFAULT_COLUMNS) - 1);
  }

  /** Shows these lines in place of the last ones, as many as the terminal has rows for. */
  draw(lines: readonly string[]): void {
    if (!this.#open) return;
    const shown = lines.slice(0, Math.max(1, (this.#output.rows ?? DEFAULT_ROWS) - 1));
    // After a change of width nothing on the screen is where it was: draw all of it.
    const before = this.width === this.#width ? this.#lines : [];
    const moveUp = this.#lines.length > 0 ? `\u001b[${this.#lines.length}A` : '';
    const body = shown.map((line, i) => (line === before[i] ? '' : `${line}${CLEAR_TO_END}`));
    const shorter = shown.length < this.#lines.length ? CLEAR_BELOW : '';
    if (moveUp !== '' && shorter === '' && body.every((line, i) => line === '' && shown[i] === before[i]))
      return;
    this.#output.write(`${moveUp}\r${body.map((line) => `${line}\r\n`).join('')}${shorter}`);
    this.#lines = shown;
    this.#width = this.width;
  }

  /** Leaves what is shown standing and gives the cursor back. */
  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    this.#output.write(SHOW_CURSOR);
  }
}
