/** Something with a lifetime of its own. `start` resolves once it works; `stop` once nothing of it is left running. */
export interface Service {
  readonly name: string;
  start(signal?: AbortSignal): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts services in order and returns one `stop` for all, which stops them in reverse. When one fails to start, those
 * already started are stopped before the failure is passed on.
 */
export async function startAll(
  services: readonly Service[],
  signal?: AbortSignal,
): Promise<{ stop(): Promise<void> }> {
  const started: Service[] = [];
  const stop = async () => {
    const failures: unknown[] = [];
    for (let service = started.pop(); service !== undefined; service = started.pop()) {
      await service.stop().catch((error: unknown) => failures.push(error));
    }
    if (failures.length === 1) throw failures[0];
    if (failures.length > 1) throw new AggregateError(failures, 'several services failed to stop');
  };
  for (const service of services) {
    try {
      signal?.throwIfAborted();
      await service.start(signal);
    } catch (error) {
      // The cause of the failed start matters more than what a stop on the way out reports.
      await stop().catch(() => undefined);
      throw error;
    }
    started.push(service);
  }
  return { stop };
}
