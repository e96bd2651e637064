/**
 * What a dashboard's server holds in memory: opens a filled archive in a process of its own, answers every view some times,
 * and prints resident mebibytes before and after as JSON. Started by run.ts.
 *
 *   npx node bench/dashboard/memory.ts ARCHIVE REPEATS PATH...
 */
import { silentLog, systemClock } from '@connito/node';
import { Participants } from '@connito/run';
import { createDashboardApp } from '../../packages/dashboard/src/api/app.ts';
import { Archive } from '../../packages/dashboard/src/archive/archive.ts';
import { EventHub } from '../../packages/dashboard/src/live/event-hub.ts';
import { Faults } from '../../packages/dashboard/src/live/faults.ts';
import { NetworkWatch } from '../../packages/dashboard/src/live/network-watch.ts';
import { archiveContext } from '../../packages/dashboard/src/testing/sample-stories.ts';
import { residentMebibytes } from '../support/machine.ts';

const [archivePath = '', repeats = '1', ...paths] = process.argv.slice(2);
const context = archiveContext();
using archive = Archive.open(archivePath, context.run);
const hub = new EventHub();
const faults = new Faults(systemClock, () => undefined);
const participants = new Participants(context, archive.declarationLog());
const watch = new NetworkWatch(context, { participants, clock: systemClock, hub, faults });
const live = {
  watch,
  faults,
  clock: systemClock,
  measures: true,
  isStopped: false,
  market: null,
  serving: null,
};
const source = { context, archive, names: new Map(), ...live };
const app = createDashboardApp({
  source,
  hub,
  page: new Map(),
  clock: systemClock,
  log: silentLog,
  loopback: true,
});
const idle = await residentMebibytes();
let highest = idle;
for (let i = 0; i < Number(repeats); i++) {
  for (const path of paths) {
    const response = await app.request(`http://localhost/api/v1${path}`);
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`${path} was answered with ${response.status}`);
  }
  highest = Math.max(highest, await residentMebibytes());
}
console.log(JSON.stringify({ idle, highest }));
