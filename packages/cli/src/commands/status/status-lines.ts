import type { PhasePoint } from '@connito/protocol';
import { formatTable } from '../../command/table.ts';
import type { FinishedRound } from '../../observe/network-event.ts';
import { formatLoss, formatMilliNats, shortHash } from '../../view/text.ts';

export type NetworkStatus = {
  readonly directory: string;
  readonly name: string;
  readonly run: string;
  /** Of the supervisor; null where the network is stopped. */
  readonly runningPid: number | null;
  readonly ledgerUrl: string | null;
  readonly storeUrl: string | null;
  readonly head: { readonly number: number; readonly hash: string } | null;
  /** Of the open block. */
  readonly phase: PhasePoint | null;
  /** Why the ledger cannot be read. */
  readonly fault: string | null;
  readonly processes: readonly {
    readonly name: string;
    readonly role: string;
    readonly pid: number | null;
    readonly restarts: number;
    readonly state: string;
  }[];
  readonly finishedRounds: number;
  readonly lastRounds: readonly FinishedRound[];
};

/** A network's status for people. */
export function statusLines(status: NetworkStatus): string[] {
  const { name, run, directory, runningPid, processes, lastRounds } = status;
  const state =
    runningPid === null ? 'stopped; "connito up" goes on with it' : `running (process ${runningPid})`;
  return [
    `network   ${name}, ${state}`,
    `directory ${directory}`,
    `run       ${run}`,
    ...(status.ledgerUrl === null ? [] : [`ledger    ${status.ledgerUrl}`, `store     ${status.storeUrl}`]),
    `chain     ${chainText(status)}`,
    '',
    ...(runningPid === null ? [] : [...processTable(processes), '']),
    ...(lastRounds.length === 0 ? ['No round has been finished yet.'] : roundTable(lastRounds)),
  ];
}

function chainText({ head, phase, fault }: NetworkStatus): string {
  if (head === null || phase === null) return fault ?? 'unknown';
  const where =
    phase.phase === 'waiting' ? 'before the first round' : `round ${phase.round}, ${phaseName(phase)}`;
  return `block ${head.number} (${shortHash(head.hash)}), ${where}`;
}

function phaseName(phase: Exclude<PhasePoint, { phase: 'waiting' }>): string {
  return phase.phase === 'merge' ? `merge (${phase.step})` : phase.phase;
}

function processTable(processes: NetworkStatus['processes']): string[] {
  return formatTable(
    [
      { title: 'process', value: ({ name }) => name },
      { title: 'state', value: ({ state }) => state },
      { title: 'pid', value: ({ pid }) => (pid === null ? '' : `${pid}`), align: 'right' },
      { title: 'restarts', value: ({ restarts }) => `${restarts}`, align: 'right' },
    ],
    processes,
  );
}

function roundTable(rounds: readonly FinishedRound[]): string[] {
  const domains = rounds.at(-1)!.groups.map(({ domain }) => domain);
  return formatTable<FinishedRound>(
    [
      { title: 'round', value: ({ round }) => `${round}`, align: 'right' },
      { title: 'outcome', value: ({ outcome }) => (outcome === 'canonical' ? 'merged' : 'void') },
      {
        title: 'state',
        value: ({ stateHash, agreed }) => `${shortHash(stateHash)}${agreed ? '' : ' (not all)'}`,
      },
      ...domains.map((domain) => ({
        title: `${domain} loss`,
        align: 'right' as const,
        value: ({ groups }: FinishedRound) => {
          const group = groups.find((candidate) => candidate.domain === domain);
          return group === undefined ? '' : formatLoss(group.lossAfter);
        },
      })),
      {
        title: 'sub-model gap, millinats',
        value: ({ groups }) =>
          groups.map(({ subModelGap: { gap } }) => formatMilliNats(gap, { sign: true })).join(' / '),
        align: 'right',
      },
      { title: 'general loss', value: (round) => formatLoss(round.generalLossAfter), align: 'right' },
    ],
    rounds,
  );
}
