import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { serve } from '@connito/node';
import { pageFiles } from '../../packages/dashboard/src/page-files.ts';
import { sampleMeasurement, sampleStory } from '../../packages/dashboard/src/testing/sample-stories.ts';
import { archiveApp } from './archive-app.ts';

const VALIDATORS = 4;
/** Rounds in one transaction while the archive is filled. */
const BATCH = 50;

export type StoredDashboard = AsyncDisposable & {
  readonly url: URL;
  readonly archivePath: string;
  /** Adds the next round, and tells the page. */
  addRound(): number;
};

/** A served dashboard over an archive of made-up rounds of real size. */
export async function storedDashboard(
  folder: string,
  rounds: number,
  miners: number,
): Promise<StoredDashboard> {
  const archivePath = join(folder, `${rounds}x${miners}.db`);
  const { context, archive, hub, app } = archiveApp(archivePath, await pageFiles(join(folder, 'page')));
  const storyOf = (round: number) =>
    sampleStory(context.definition, round, { miners, validators: VALIDATORS });
  for (let first = 0; first < rounds; first += BATCH) {
    const count = Math.min(BATCH, rounds - first);
    archive.addRounds(Array.from({ length: count }, (_, i) => storyOf(first + i)));
  }
  for (let round = 0; round <= rounds; round++) {
    archive.addMeasurement(round, sampleMeasurement(context.definition, round));
  }
  const server = await serve({ fetch: app.fetch, port: 0, graceMs: 0 });
  return {
    url: server.url,
    archivePath,
    addRound: () => {
      const round = archive.nextRound;
      archive.addRounds([storyOf(round)]);
      hub.emit({ name: 'round', data: { round } });
      return round;
    },
    [Symbol.asyncDispose]: async () => {
      await server.stop();
      archive[Symbol.dispose]();
      await rm(archivePath, { force: true });
    },
  };
}
