/**
 * What a dashboard's server holds in memory: opens a filled archive in a process of its own, answers every view some times,
 * and prints resident mebibytes before and after as JSON. Started by run.ts.
 *
 *   npx node bench/dashboard/memory.ts ARCHIVE REPEATS PATH...
 */
import { residentMebibytes } from '../support/machine.ts';
import { archiveApp } from './archive-app.ts';

const [archivePath = '', repeats = '1', ...paths] = process.argv.slice(2);
const { archive, app } = archiveApp(archivePath);
using _archive = archive;
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
