/** A max-heap of item numbers by priority; of equal priorities the smaller item comes first. */
export class PriorityHeap {
  readonly #items: number[] = [];
  readonly #priorities: number[] = [];

  get size(): number {
    return this.#items.length;
  }

  push(item: number, priority: number): void {
    let at = this.#items.length;
    this.#items.push(item);
    this.#priorities.push(priority);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#before(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  pop(): { readonly item: number; readonly priority: number } | null {
    if (this.#items.length === 0) return null;
    const top = { item: this.#items[0]!, priority: this.#priorities[0]! };
    const item = this.#items.pop()!;
    const priority = this.#priorities.pop()!;
    if (this.#items.length > 0) {
      this.#items[0] = item;
      this.#priorities[0] = priority;
      this.#sink();
    }
    return top;
  }

  #sink(): void {
    for (let at = 0; ; ) {
      const left = 2 * at + 1;
      if (left >= this.#items.length) return;
      const right = left + 1;
      const child = right < this.#items.length && this.#before(right, left) ? right : left;
      if (!this.#before(child, at)) return;
      this.#swap(child, at);
      at = child;
    }
  }

  #before(left: number, right: number): boolean {
    const difference = this.#priorities[left]! - this.#priorities[right]!;
    return difference === 0 ? this.#items[left]! < this.#items[right]! : difference > 0;
  }

  #swap(left: number, right: number): void {
    const item = this.#items[left]!;
    const priority = this.#priorities[left]!;
    this.#items[left] = this.#items[right]!;
    this.#priorities[left] = this.#priorities[right]!;
    this.#items[right] = item;
    this.#priorities[right] = priority;
  }
}
