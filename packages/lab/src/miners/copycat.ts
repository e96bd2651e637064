import type { MinerStrategy, MinerTask } from '@connito/miner';
import { groupOf, SeededRandom, type TensorMap, taggedHash, utf8 } from '@connito/protocol';
import { CanonicalChain, openReveal, Participants, roundNotes, roundVerdict } from '@connito/run';
import { type Evasion, noisy } from './evasion.ts';

/**
 * Copies the best rewarded update of its group in the round before, disguised. Sits out while there is nothing to copy: in the
 * round itself nothing can be read before the commit window has closed.
 */
export function copycat(evasion: Evasion = noisy): MinerStrategy {
  return {
    name: 'copycat',
    async work(task, signal) {
      const [best, second] = await rewardedBefore(task, signal);
      if (best === undefined) return null;
      const update = evasion({
        update: best.update,
        other: second?.update ?? best.update,
        base: task.state.groups.get(task.group)!.parameters,
        group: groupOf(task.context.definition, task.group),
        random: taskRandom(task),
      });
      const { trainedTokens, innerSteps } = best;
      return { delta: update, trainedTokens, innerSteps, losses: [] };
    },
  };
}

type Rewarded = {
  readonly update: TensorMap;
  readonly trainedTokens: number;
  readonly innerSteps: number;
};

/** Other miners' updates that the round before accepted in the task's group, the best first. */
async function rewardedBefore(task: MinerTask, signal: AbortSignal): Promise<Rewarded[]> {
  const { context, round, group, hotkey } = task;
  if (round === 0) return [];
  const participants = new Participants(context);
  const facts = await participants.of(round - 1, signal);
  const notes = await roundNotes(context, round - 1, signal);
  const chain = new CanonicalChain(context, participants, task.genesisState);
  const base = await chain.stateBefore(round - 1, signal);
  const verdict = await roundVerdict(context, facts, notes, base.hash, signal);
  const accepted = [...(verdict.accepted.get(group) ?? [])]
    .filter((candidate) => candidate.hotkey !== hotkey)
    .sort((a, b) => b.scoreNanoNats - a.scoreNanoNats);
  const rewarded: Rewarded[] = [];
  for (const { uid } of accepted.slice(0, 2)) {
    const victim = facts.miners.find((miner) => miner.uid === uid)!;
    const opened = await openReveal(context, facts, notes, victim, base.hash, signal);
    if (opened.kind !== 'valid') continue;
    const { trainedTokens, innerSteps } = opened.manifest;
    rewarded.push({ update: opened.delta, trainedTokens, innerSteps });
  }
  return rewarded;
}

/** A generator for one miner and round. */
export function taskRandom({ hotkey, round }: Pick<MinerTask, 'hotkey' | 'round'>): SeededRandom {
  return new SeededRandom(taggedHash('connito/1/lab-miner', utf8(`${hotkey}/${round}`)));
}
