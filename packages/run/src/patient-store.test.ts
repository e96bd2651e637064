import { ManualClock } from '@connito/node';
import { type ArtifactHash, ConnitoError } from '@connito/protocol';
import type { ArtifactStore } from '@connito/store';
import { expect, test } from 'vitest';
import { patientStore } from './patient-store.ts';

const HASH = 'a'.repeat(64) as ArtifactHash;
const PATIENCE = { outageMs: 1_000, firstDelayMs: 100, maxDelayMs: 200 };

/** A store whose reads fail with each code in turn and then succeed. */
function failing(...codes: string[]): { store: ArtifactStore; calls: () => number } {
  let calls = 0;
  const get = (): Promise<Uint8Array> => {
    const code = codes[calls++];
    if (code === undefined) return Promise.resolve(Uint8Array.of(1));
    return Promise.reject(new ConnitoError(code, code, { advice: 'retry' }));
  };
  return { store: { get } as unknown as ArtifactStore, calls: () => calls };
}

/** Lets every pending promise run, then lets 10 ms pass, until `work` is settled. */
async function settle<T>(work: Promise<T>, clock: ManualClock): Promise<T> {
  let done = false;
  const watched = work.finally(() => {
    done = true;
  });
  watched.catch(() => undefined);
  while (!done) {
    await new Promise((resolve) => setImmediate(resolve));
    if (!done) clock.advance(10);
  }
  return watched;
}

test('waits while the source is away', async () => {
  const clock = new ManualClock();
  const { store, calls } = failing('peer_unreachable', 'peer_timeout', 'peer_unreachable');
  const read = patientStore(store, PATIENCE, clock).get(HASH, { maxBytes: 1 });
  expect(await settle(read, clock)).toEqual(Uint8Array.of(1));
  expect(calls()).toBe(4);
});

test('gives up when the outage is longer than it may be', async () => {
  const clock = new ManualClock();
  const start = clock.nowMs();
  const { store } = failing(...Array.from({ length: 100 }, () => 'peer_unreachable'));
  const read = patientStore(store, PATIENCE, clock).get(HASH, { maxBytes: 1 });
  await expect(settle(read, clock)).rejects.toMatchObject({ code: 'peer_unreachable' });
  expect(clock.nowMs() - start).toBeLessThanOrEqual(PATIENCE.outageMs);
});

test('passes on at once what the source says about the artifact', async () => {
  const clock = new ManualClock();
  const { store, calls } = failing('artifact_missing');
  const read = patientStore(store, PATIENCE, clock).get(HASH, { maxBytes: 1 });
  await expect(settle(read, clock)).rejects.toMatchObject({ code: 'artifact_missing' });
  expect(calls()).toBe(1);
});
