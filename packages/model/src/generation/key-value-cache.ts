import { type Tensor, tensor } from '@connito/engine';
import type { ModelConfig } from '../config.ts';
import { keysInput, valuesInput } from './step-graph.ts';

/** Added to the score of a place that holds nothing: exp of it is 0 in single precision. */
const EMPTY = -1e9;
/** Room is made for this many tokens at a time: less wastes time on copies, more on attention to empty places. */
const GROWTH_TOKENS = 64;

/**
 * Keys and values of several sequences as the step graphs read them: for each layer `[rows, keyValueHeads, room, headSize]`,
 * so that the first rows, or any one row, can be fed without a copy. All rows have room for as many tokens as the longest
 * needs.
 */
export class KeyValueCache {
  readonly #config: ModelConfig;
  /** Floats of one row, layer and kind (keys or values), for one token. */
  readonly #tokenSize: number;
  readonly #lengths: number[] = [];
  #room = GROWTH_TOKENS;
  #rowsAllocated = 0;
  /** Keys and values of each layer in turn. */
  #blocks: Float32Array[];
  /** `[rows, room]`. */
  #mask = new Float32Array(0);

  constructor(config: ModelConfig) {
    this.#config = config;
    this.#tokenSize = config.keyValueHeads * config.headSize;
    this.#blocks = Array.from({ length: 2 * config.layers }, () => new Float32Array(0));
  }

  get rows(): number {
    return this.#lengths.length;
  }

  /** Tokens that a row holds. */
  length(row: number): number {
    return this.#lengths[row]!;
  }

  /** Bytes of keys and values, those of empty places too. */
  get sizeBytes(): number {
    return this.#blocks.reduce((sum, block) => sum + block.byteLength, 0);
  }

  /** Adds an empty row at the end and returns its number. */
  addRow(): number {
    const row = this.rows;
    if (row === this.#rowsAllocated) this.#allocate(Math.max(1, 2 * this.#rowsAllocated), this.#room);
    this.#lengths.push(0);
    this.#clear(row, 0);
    this.#mask.fill(EMPTY, row * this.#room, (row + 1) * this.#room);
    return row;
  }

  /** Adds a copy of another cache's row at the end. */
  adopt(other: KeyValueCache, otherRow: number): number {
    const row = this.addRow();
    const length = other.length(otherRow);
    this.reserve(length);
    this.#blocks.forEach((block, i) => {
      copyRow(other.#blocks[i]!, otherRow, other.#room, block, row, this.#room, length, this.#config);
    });
    this.#setLength(row, length);
    return row;
  }

  /** Removes a row; the last row takes its number. */
  removeRow(row: number): void {
    const last = this.rows - 1;
    if (row !== last) {
      const length = this.length(last);
      for (const block of this.#blocks) {
        copyRow(block, last, this.#room, block, row, this.#room, length, this.#config);
      }
      this.#clear(row, length);
      this.#setLength(row, length);
    }
    this.#lengths.pop();
    const longest = Math.max(GROWTH_TOKENS, ...this.#lengths);
    // Far too much room or rows are given back: attention would go on looking at empty places, memory would never shrink.
    if (longest * 2 <= this.#room || this.rows * 4 <= this.#rowsAllocated) {
      this.#allocate(Math.max(1, this.rows * 2), roundUp(longest));
    }
  }

  /** Makes room for rows of `tokens` tokens. */
  reserve(tokens: number): void {
    if (tokens > this.#room) this.#allocate(this.#rowsAllocated, roundUp(tokens));
  }

  /**
   * Appends tokens to a row: `fresh` `[…, layers · 2 · keyValueHeads · headSize]` as a step returns it, from its row
   * `firstToken` on. There must be room.
   */
  append(row: number, fresh: Float32Array, firstToken: number, tokens: number): void {
    const { keyValueHeads, headSize } = this.#config;
    const width = this.#blocks.length * this.#tokenSize;
    const start = this.length(row);
    this.#blocks.forEach((block, i) => {
      for (let token = 0; token < tokens; token++) {
        let from = (firstToken + token) * width + i * this.#tokenSize;
        for (let head = 0; head < keyValueHeads; head++) {
          const to = ((row * keyValueHeads + head) * this.#room + start + token) * headSize;
          for (let j = 0; j < headSize; j++) block[to + j] = fresh[from + j]!;
          from += headSize;
        }
      }
    });
    this.#setLength(row, start + tokens);
  }

  /** Inputs `pastMask`, `keys …` and `values …` for `count` rows from `firstRow` on. Views, valid until the next change. */
  feeds(firstRow: number, count: number): Record<string, Tensor> {
    const { keyValueHeads, headSize } = this.#config;
    const room = this.#room;
    const view = (data: Float32Array, rowSize: number, shape: readonly number[]): Tensor =>
      tensor(data.subarray(firstRow * rowSize, (firstRow + count) * rowSize), [count, ...shape]);
    const feeds: Record<string, Tensor> = { pastMask: view(this.#mask, room, [room]) };
    this.#blocks.forEach((block, i) => {
      const name = i % 2 === 0 ? keysInput(i >> 1) : valuesInput(i >> 1);
      feeds[name] = view(block, room * this.#tokenSize, [keyValueHeads, room, headSize]);
    });
    return feeds;
  }

  /**
   * Zeroes the places of a row from number `from` on, left by another sequence: the mask gives them no weight, but no weight
   * times a value that is not finite is not a number.
   */
  #clear(row: number, from: number): void {
    const { keyValueHeads, headSize } = this.#config;
    for (const block of this.#blocks) {
      for (let head = 0; head < keyValueHeads; head++) {
        const start = (row * keyValueHeads + head) * this.#room * headSize;
        block.fill(0, start + from * headSize, start + this.#room * headSize);
      }
    }
  }

  #setLength(row: number, length: number): void {
    this.#lengths[row] = length;
    const start = row * this.#room;
    this.#mask.fill(0, start, start + length);
    this.#mask.fill(EMPTY, start + length, start + this.#room);
  }

  #allocate(rows: number, room: number): void {
    const before = this.#room;
    this.#blocks = this.#blocks.map((old) => {
      const block = new Float32Array(rows * room * this.#tokenSize);
      this.#lengths.forEach((length, row) => {
        copyRow(old, row, before, block, row, room, length, this.#config);
      });
      return block;
    });
    this.#room = room;
    this.#rowsAllocated = rows;
    this.#mask = new Float32Array(rows * room);
    this.#lengths.forEach((length, row) => {
      this.#setLength(row, length);
    });
  }
}

function roundUp(tokens: number): number {
  return Math.ceil(tokens / GROWTH_TOKENS) * GROWTH_TOKENS;
}

/** Copies the first `length` tokens of one row of keys or values to another. */
function copyRow(
  from: Float32Array,
  fromRow: number,
  fromRoom: number,
  to: Float32Array,
  toRow: number,
  toRoom: number,
  length: number,
  { keyValueHeads, headSize }: ModelConfig,
): void {
  for (let head = 0; head < keyValueHeads; head++) {
    const start = (fromRow * keyValueHeads + head) * fromRoom * headSize;
    const target = (toRow * keyValueHeads + head) * toRoom * headSize;
    to.set(from.subarray(start, start + length * headSize), target);
  }
}
