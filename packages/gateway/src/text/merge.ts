/** Values of several generators as they come, each with the number of its source. Closing it leaves them open. */
export async function* merge<T>(
  sources: readonly AsyncGenerator<T, void, void>[],
): AsyncGenerator<{ readonly index: number; readonly value: T }, void, void> {
  const pending = new Map<number, Promise<{ index: number; result: IteratorResult<T, void> }>>();
  const advance = (index: number): void => {
    const next = sources[index]!.next().then((result) => ({ index, result }));
    // Nobody may be left to hear of a failure: whoever reads has gone, or another source has failed before.
    next.catch(() => undefined);
    pending.set(index, next);
  };
  for (const index of sources.keys()) advance(index);
  while (pending.size > 0) {
    const { index, result } = await Promise.race(pending.values());
    if (result.done === true) pending.delete(index);
    else {
      advance(index);
      yield { index, value: result.value };
    }
  }
}
