import { instantClock } from '@connito/node';
import { ConnitoError } from '@connito/protocol';
import type { RunState } from '@connito/run';
import { expect, it } from 'vitest';
import { Archive } from '../archive/archive.ts';
import { archiveContext, sampleMeasurement, sampleStory } from '../testing/sample-stories.ts';
import { EventHub } from './event-hub.ts';
import { Faults } from './faults.ts';
import { StateMeter, type StateReporter } from './state-meter.ts';

const context = archiveContext();
const genesis = { hash: 'genesis', groups: new Map() } as unknown as RunState;

it('opens another model where the thread of the first has died, and leaves no state out', async () => {
  const archive = Archive.open(':memory:', context.run);
  const size = { miners: 2, validators: 1 };
  archive.addRounds([0, 1, 2].map((round) => sampleStory(context.definition, round, size)));
  const stopping = new AbortController();
  let opened = 0;
  let stopped = 0;
  const openReporter = async (): Promise<StateReporter> => {
    opened += 1;
    const dies = opened === 1;
    return {
      start: sampleMeasurement(context.definition, 0),
      session: { genesis },
      measure: async () => {
        if (dies) throw new ConnitoError('engine_died', 'the engine thread stopped', { advice: 'fatal' });
        return { state: sampleMeasurement(context.definition, 1) } as Awaited<
          ReturnType<StateReporter['measure']>
        >;
      },
      stop: async () => {
        stopped += 1;
      },
    };
  };
  const watch = {
    // Asked for once nothing is left to measure.
    get moved() {
      stopping.abort();
      return Promise.resolve();
    },
  };
  const faults = new Faults(instantClock, () => undefined);
  const chain = { stateBefore: async () => ({ hash: genesis.hash }) as never };
  const parts = { archive, watch, readers: { chain }, hub: new EventHub(), faults, clock: instantClock };
  await new StateMeter(context, { ...parts, openReporter }).follow(stopping.signal);
  expect({ opened, stopped }).toEqual({ opened: 2, stopped: 2 });
  expect([0, 1, 2, 3].filter((round) => archive.measurement(round) === null)).toEqual([]);
  expect(faults.all).toEqual([]);
});
