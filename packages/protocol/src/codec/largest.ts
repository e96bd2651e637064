/**
 * Rearranges the first `count` keys so that the `kept` largest come first, in no particular order. Keys are distinct, so
 * which ones these are does not depend on how this is done: quickselect, with the median of three as pivot.
 */
export function moveLargestFirst(keys: Float64Array, count: number, kept: number): void {
  let from = 0;
  let to = count - 1;
  while (from < to) {
    const pivot = middleOf(keys[from]!, keys[(from + to) >> 1]!, keys[to]!);
    let left = from;
    let right = to;
    while (left <= right) {
      while (keys[left]! > pivot) left++;
      while (keys[right]! < pivot) right--;
      if (left > right) break;
      const key = keys[left]!;
      keys[left++] = keys[right]!;
      keys[right--] = key;
    }
    // Keys up to `right` are at least the pivot, those from `left` on at most; one between them is the pivot.
    if (kept <= right) to = right;
    else if (kept >= left) from = left;
    else return;
  }
}

function middleOf(a: number, b: number, c: number): number {
  return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
}
