import { type PhasePoint, phaseAt } from '@connito/protocol';
import type { CommandContext } from '../../command/context.ts';
import { readDefinition } from '../../network/create-network.ts';
import type { NetworkLayout } from '../../network/layout.ts';
import { readNetwork } from '../../network/network-file.ts';
import { openNetworkLedger } from '../../network/network-ledger.ts';
import { isAlive } from '../../network/process-identity.ts';
import { type NetworkProcesses, readProcesses } from '../../network/processes-file.ts';
import { readHistory } from '../../observe/round-history.ts';
import type { StatusOptions } from './options.ts';
import { type NetworkStatus, statusLines } from './status-lines.ts';

const LAST_ROUNDS = 5;

export async function showStatus(options: StatusOptions, { stdout }: CommandContext): Promise<void> {
  const status = await readStatus(options.dir);
  if (options.json === true) stdout.write(`${JSON.stringify({ type: 'status', ...status })}\n`);
  else stdout.write(`${statusLines(status).join('\n')}\n`);
}

async function readStatus(directory: string): Promise<NetworkStatus> {
  const { layout, network } = await readNetwork(directory);
  const definition = await readDefinition(layout, network);
  const chain = await readChain(layout, (block) => phaseAt(block, definition.schedule));
  const processes = await readProcesses(layout);
  const rounds = await readHistory(layout.roundsFile);
  return {
    directory,
    name: network.name,
    run: network.run,
    ...chain,
    ledgerUrl: chain.runningPid === null ? null : (processes?.ledgerUrl ?? null),
    storeUrl: chain.runningPid === null ? null : (processes?.storeUrl ?? null),
    processes: (processes?.processes ?? []).map((entry) => {
      const { name, role, pid, restarts } = entry;
      return { name, role, pid, restarts, state: currentState(entry) };
    }),
    finishedRounds: rounds.length,
    lastRounds: rounds.slice(-LAST_ROUNDS),
  };
}

async function readChain(
  layout: NetworkLayout,
  phaseOf: (block: number) => PhasePoint,
): Promise<Pick<NetworkStatus, 'runningPid' | 'head' | 'phase' | 'fault'>> {
  using opened = await openNetworkLedger(layout);
  const { ledger, runningPid } = opened;
  try {
    const { number, hash } = await ledger.head();
    return { runningPid, head: { number, hash }, phase: phaseOf(number + 1), fault: null };
  } catch (error) {
    const fault = error instanceof Error ? error.message : String(error);
    return { runningPid, head: null, phase: null, fault };
  }
}

/** What the file says may be outlived by the process it speaks of. */
function currentState(entry: NetworkProcesses['processes'][number]): string {
  const { state, pid, startTicks } = entry;
  if (state !== 'running') return state;
  return pid !== null && isAlive({ pid, startTicks }) ? 'running' : 'gone';
}
