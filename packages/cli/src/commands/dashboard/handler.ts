import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serveDashboard } from '@connito/dashboard';
import { createLog, fileError } from '@connito/node';
import { decodeRunDefinition, runIdOf } from '@connito/protocol';
import type { RunContext } from '@connito/run';
import { DirectoryStore, HttpStore } from '@connito/store';
import { type CommandContext, stopSignal } from '../../command/context.ts';
import { untilAborted } from '../../command/role.ts';
import { SHIPPED_MODEL } from '../../network/base-model.ts';
import { readDefinition } from '../../network/create-network.ts';
import { readNetwork } from '../../network/network-file.ts';
import { openLedgerToWatch } from '../../network/network-ledger.ts';
import { observerLedger } from '../../network/observer-ledger.ts';
import { besideRun } from '../../observe/beside-run.ts';
import { namesOf } from '../../observe/names.ts';
import { UP_DEFAULTS } from '../up/options.ts';
import type { DashboardCommandOptions } from './options.ts';

/** What is shown, and where from. */
type Shown = {
  readonly context: RunContext;
  readonly modelFolder: string;
  readonly archivePath: string;
  readonly names: ReadonlyMap<string, string>;
  readonly isStopped: boolean;
};

/** Serves the dashboard until it is asked to stop. */
export async function showDashboard(
  options: DashboardCommandOptions,
  context: CommandContext,
): Promise<void> {
  const signal = stopSignal(context);
  const scratch = await mkdtemp(join(tmpdir(), 'connito-dashboard-'));
  try {
    const shown =
      options.ledger === undefined ? await ofNetwork(options, context, scratch) : await ofAddresses(options);
    await using dashboard = await serveDashboard({
      ...shown,
      port: options.port,
      host: options.host,
      threads: options.threads,
      measure: options.measure ? 'own' : 'none',
      ...(await besideRun(options, shown.context.ledger)),
      log: createLog({ level: 'error', fields: { role: 'dashboard' } }),
    });
    const url = dashboard.url.href;
    const line = options.json === true ? JSON.stringify({ type: 'dashboard', url }) : `Dashboard: ${url}`;
    context.stdout.write(`${line}\n`);
    if (shown.isStopped && options.json !== true) {
      context.stdout.write('The network is stopped: what is shown is how it ended.\n');
    }
    await untilAborted(signal);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** `scratch` holds a copy of the ledger where the network is stopped, so that it can be started meanwhile. */
async function ofNetwork(
  options: DashboardCommandOptions,
  { cwd }: CommandContext,
  scratch: string,
): Promise<Shown> {
  const { layout, network } = await readNetwork(options.dir ?? join(cwd, UP_DEFAULTS.dir));
  const definition = await readDefinition(layout, network);
  const { ledger, runningPid } = await openLedgerToWatch(layout, scratch);
  const store = await DirectoryStore.open(layout.artifacts);
  return {
    context: { definition, run: runIdOf(definition), ledger, store },
    modelFolder: options.model ?? network.model,
    archivePath: options.archive ?? layout.dashboardFile,
    names: namesOf(network),
    isStopped: runningPid === null,
  };
}

async function ofAddresses(options: DashboardCommandOptions): Promise<Shown> {
  const path = options.run!;
  const bytes = await readFile(path).catch((error: unknown) => {
    throw fileError(error, path);
  });
  const definition = decodeRunDefinition(bytes);
  return {
    context: {
      definition,
      run: runIdOf(definition),
      ledger: observerLedger(options.ledger!),
      store: new HttpStore({ sources: [options.store!] }),
    },
    modelFolder: options.model ?? SHIPPED_MODEL,
    archivePath: options.archive ?? 'dashboard.db',
    names: new Map(),
    isStopped: false,
  };
}
