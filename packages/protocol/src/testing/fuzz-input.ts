/**
 * Bytes for a fuzzer, the same for the same seed: random ones, and valid documents with bytes changed, cut, repeated, moved or
 * joined. Quick rather than unpredictable.
 */
export class FuzzInputs {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed ^ 0x9e37_79b9) >>> 0 || 1;
  }

  /** A whole number below `bound`. */
  below(bound: number): number {
    // Marsaglia's xorshift32.
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state >>> 0;
    return this.#state % bound;
  }

  /** Up to `maxLength` bytes without any order. */
  bytes(maxLength: number): Uint8Array {
    const bytes = new Uint8Array(this.below(maxLength + 1));
    for (let i = 0; i < bytes.length; i++) bytes[i] = this.below(256);
    return bytes;
  }

  /** One of some valid documents with one to four changes, or none in one of eight. */
  mutated(valid: readonly Uint8Array[]): Uint8Array {
    let bytes = valid[this.below(valid.length)]!;
    const changes = this.below(8) === 0 ? 0 : 1 + this.below(4);
    for (let change = 0; change < changes; change++) bytes = this.#changed(bytes, valid);
    return bytes;
  }

  #changed(bytes: Uint8Array, valid: readonly Uint8Array[]): Uint8Array {
    if (bytes.length === 0) return this.bytes(16);
    const at = this.below(bytes.length);
    switch (this.below(8)) {
      case 0:
        return bytes.subarray(0, at);
      case 1:
        // Twice the same piece: names, brackets and rows that repeat.
        return joined(bytes.subarray(0, at), bytes.subarray(Math.max(0, at - this.below(64))));
      case 2:
        return joined(bytes.subarray(0, at), bytes.subarray(Math.min(bytes.length, at + 1 + this.below(64))));
      case 3: {
        const other = valid[this.below(valid.length)]!;
        return joined(bytes.subarray(0, at), other.subarray(this.below(other.length + 1)));
      }
      case 4: {
        // Digits and hex digits stay what they are: the document still parses, and means something else.
        const copy = bytes.slice();
        copy[at] = '0123456789abcdef'.charCodeAt(this.below(16));
        return copy;
      }
      case 5: {
        const copy = bytes.slice();
        for (let i = 0; i < 8; i++) copy[Math.min(at + i, copy.length - 1)] = this.below(2) * 255;
        return copy;
      }
      default: {
        const copy = bytes.slice();
        copy[at] = this.below(256);
        return copy;
      }
    }
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const whole = new Uint8Array(a.length + b.length);
  whole.set(a);
  whole.set(b, a.length);
  return whole;
}

/** A parser under test: `valid` are bytes it accepts, and `run` throws only where it broke a promise. */
export type FuzzTarget = {
  readonly name: string;
  readonly valid: readonly Uint8Array[];
  /** Most bytes of an input without any order. */
  readonly maxRandomBytes: number;
  readonly run: (bytes: Uint8Array) => void;
};

/** The next input for a target: a valid document changed, or in one of four bytes without any order. */
export function nextInput(inputs: FuzzInputs, { valid, maxRandomBytes }: FuzzTarget): Uint8Array {
  return valid.length === 0 || inputs.below(4) === 0 ? inputs.bytes(maxRandomBytes) : inputs.mutated(valid);
}
