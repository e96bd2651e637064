import { ConnitoError } from '@connito/protocol';
import { expect, it } from 'vitest';
import type { FinishedRound } from './network-event.ts';
import { type Measurements, RunReader, type RunReaderOptions } from './run-reader.ts';

it('opens another model where the thread of the first has died, instead of ending the network', async () => {
  let opened = 0;
  let stopped = 0;
  const open = async (): Promise<Measurements> => {
    opened += 1;
    const dies = opened === 1;
    return {
      read: async (round) => {
        if (dies) throw new ConnitoError('engine_died', 'the engine thread stopped', { advice: 'fatal' });
        return { round } as FinishedRound;
      },
      stop: async () => {
        stopped += 1;
      },
    };
  };
  const reader = new RunReader({} as RunReaderOptions, open);
  const { signal } = new AbortController();
  await expect(reader.read(3, signal)).rejects.toMatchObject({ code: 'engine_died', advice: 'retry' });
  expect({ opened, stopped }).toEqual({ opened: 1, stopped: 1 });
  expect(await reader.read(3, signal)).toEqual({ round: 3 });
  await reader.stop();
  expect({ opened, stopped }).toEqual({ opened: 2, stopped: 2 });
});

it('leaves other failures as they are, and keeps its model', async () => {
  let opened = 0;
  const open = async (): Promise<Measurements> => {
    opened += 1;
    const read = () =>
      Promise.reject(new ConnitoError('state_unavailable', 'not there', { advice: 'fatal' }));
    return { read, stop: async () => undefined };
  };
  const reader = new RunReader({} as RunReaderOptions, open);
  const { signal } = new AbortController();
  for (let i = 0; i < 2; i++) {
    await expect(reader.read(0, signal)).rejects.toMatchObject({
      code: 'state_unavailable',
      advice: 'fatal',
    });
  }
  expect(opened).toBe(1);
});
