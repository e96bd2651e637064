import * as nodeModule from 'node:module';
import { nodeVersionFault } from './node-version.ts';

const fault = nodeVersionFault(process.versions.node);
if (fault !== null) {
  process.stderr.write(`error: ${fault}\n`);
  // The `environment` exit code; its module may use syntax that this Node does not know.
  process.exit(3);
}

// Modules are compiled once for all of a network's processes and threads, which inherit the folder's name.
nodeModule.enableCompileCache();
const cache = nodeModule.getCompileCacheDir();
if (cache !== undefined) process.env.NODE_COMPILE_CACHE ??= cache;

const { runCli } = await import('./program.ts');
const { processContext } = await import('./command/context.ts');

process.exitCode = await runCli(process.argv.slice(2), processContext());
// A handle that was left open must not keep a finished command alive.
setTimeout(() => process.exit(), 3_000).unref();
