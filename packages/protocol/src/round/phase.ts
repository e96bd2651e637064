import type { Schedule } from '../run/run-definition.ts';

export const PHASES = ['distribute', 'train', 'commit', 'reveal', 'evaluate', 'merge', 'publish'] as const;
export type Phase = (typeof PHASES)[number];
export const MERGE_STEPS = ['attest', 'vote', 'state'] as const;
export type MergeStep = (typeof MERGE_STEPS)[number];

/** A span of blocks of one round that has a purpose of its own: a phase, or a step of `merge`. */
export type WindowName = Exclude<Phase, 'merge'> | MergeStep;

/** Blocks `firstBlock..lastBlock`, both included. */
export type BlockWindow = { readonly firstBlock: number; readonly lastBlock: number };

/** Where a block lies. `blocksLeft` counts the blocks after it that still belong to the same window. */
export type PhasePoint =
  | { readonly phase: 'waiting'; readonly genesisBlock: number; readonly blocksLeft: number }
  | (BlockWindow & {
      readonly phase: Exclude<Phase, 'merge'>;
      readonly round: number;
      readonly blocksLeft: number;
    })
  | (BlockWindow & {
      readonly phase: 'merge';
      readonly step: MergeStep;
      readonly round: number;
      readonly blocksLeft: number;
    });

/** The windows of a round in their order. */
export const WINDOW_NAMES: readonly WindowName[] = [
  'distribute',
  'train',
  'commit',
  'reveal',
  'evaluate',
  'attest',
  'vote',
  'state',
  'publish',
];

export function roundLengthBlocks(schedule: Schedule): number {
  return WINDOW_NAMES.reduce((sum, name) => sum + schedule[name], 0);
}

/** The phase of a block: a pure function of its number, which is the network's only clock. Round 0 starts at genesis. */
export function phaseAt(block: number, schedule: Schedule): PhasePoint {
  const sinceGenesis = block - schedule.genesisBlock;
  if (sinceGenesis < 0) {
    return { phase: 'waiting', genesisBlock: schedule.genesisBlock, blocksLeft: -sinceGenesis - 1 };
  }
  const length = roundLengthBlocks(schedule);
  const round = Math.floor(sinceGenesis / length);
  let firstBlock = schedule.genesisBlock + round * length;
  let name: WindowName = 'distribute';
  for (name of WINDOW_NAMES) {
    if (block < firstBlock + schedule[name]) break;
    firstBlock += schedule[name];
  }
  const lastBlock = firstBlock + schedule[name] - 1;
  const place = { round, firstBlock, lastBlock, blocksLeft: lastBlock - block };
  return name === 'attest' || name === 'vote' || name === 'state'
    ? { phase: 'merge', step: name, ...place }
    : { phase: name, ...place };
}

/** The blocks of a round's phase or merge step. */
export function windowOf(round: number, name: Phase | MergeStep, schedule: Schedule): BlockWindow {
  const first = name === 'merge' ? 'attest' : name;
  const last = name === 'merge' ? 'state' : name;
  const start = schedule.genesisBlock + round * roundLengthBlocks(schedule);
  const blocksBefore = (window: WindowName) =>
    WINDOW_NAMES.slice(0, WINDOW_NAMES.indexOf(window)).reduce((sum, earlier) => sum + schedule[earlier], 0);
  return {
    firstBlock: start + blocksBefore(first),
    lastBlock: start + blocksBefore(last) + schedule[last] - 1,
  };
}

/** All blocks of a round. */
export function roundWindow(round: number, schedule: Schedule): BlockWindow {
  const length = roundLengthBlocks(schedule);
  const firstBlock = schedule.genesisBlock + round * length;
  return { firstBlock, lastBlock: firstBlock + length - 1 };
}

/**
 * The block whose hash seeds a round's evaluation: the first after the reveal window, so that it does not exist while
 * anything can still be committed, revealed or withheld.
 */
export function evaluationSeedBlock(round: number, schedule: Schedule): number {
  return windowOf(round, 'evaluate', schedule).firstBlock;
}

export function isInWindow(block: number, window: BlockWindow): boolean {
  return block >= window.firstBlock && block <= window.lastBlock;
}
