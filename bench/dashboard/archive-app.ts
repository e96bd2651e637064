import { silentLog, systemClock } from '@connito/node';
import { Participants } from '@connito/run';
import { createDashboardApp } from '../../packages/dashboard/src/api/app.ts';
import { Archive } from '../../packages/dashboard/src/archive/archive.ts';
import { EventHub } from '../../packages/dashboard/src/live/event-hub.ts';
import { Faults } from '../../packages/dashboard/src/live/faults.ts';
import { NetworkWatch } from '../../packages/dashboard/src/live/network-watch.ts';
import { archiveContext } from '../../packages/dashboard/src/testing/sample-stories.ts';

type Page = Parameters<typeof createDashboardApp>[0]['page'];

/** A dashboard's API, and perhaps its page, over an archive of made-up rounds; no network behind it. */
export function archiveApp(archivePath: string, page: Page = new Map()) {
  const context = archiveContext();
  const archive = Archive.open(archivePath, context.run);
  const hub = new EventHub();
  const faults = new Faults(systemClock, () => undefined);
  const participants = new Participants(context, archive.declarationLog());
  const watch = new NetworkWatch(context, { participants, clock: systemClock, hub, faults });
  const live = { watch, faults, clock: systemClock, measures: true, isStopped: false };
  const source = { context, archive, names: new Map(), ...live, market: null, serving: null };
  const app = createDashboardApp({ source, hub, page, clock: systemClock, log: silentLog, loopback: true });
  return { context, archive, hub, app };
}
