/** A growing list of ids. */
export class IdBuffer {
  #ids: Uint32Array;
  #length = 0;

  constructor(capacity: number) {
    this.#ids = new Uint32Array(Math.max(capacity, 8));
  }

  push(id: number): void {
    if (this.#length === this.#ids.length) this.#grow(this.#length + 1);
    this.#ids[this.#length++] = id;
  }

  append(ids: Uint32Array): void {
    const length = this.#length + ids.length;
    if (length > this.#ids.length) this.#grow(length);
    // Most pre-tokens are one or two ids: a loop beats TypedArray.set there.
    for (let index = 0; index < ids.length; index++) this.#ids[this.#length + index] = ids[index]!;
    this.#length = length;
  }

  toArray(): Uint32Array {
    return this.#ids.slice(0, this.#length);
  }

  #grow(minimum: number): void {
    const grown = new Uint32Array(Math.max(minimum, this.#ids.length * 2));
    grown.set(this.#ids);
    this.#ids = grown;
  }
}
