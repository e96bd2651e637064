import type { MinerStrategy } from '@connito/miner';
import { SeededRandom, type TensorMap, taggedHash, utf8 } from '@connito/protocol';
import { CanonicalChain, openReveal, Participants, roundNotes, roundVerdict } from '@connito/run';

/** Noise relative to the copied values' own size: enough to change every byte, little enough to keep the gain. */
const NOISE = 0.2;

/**
 * Copies the best rewarded update of its group in the round before and adds noise. Sits out while there is nothing to copy.
 */
export function copycat(): MinerStrategy {
  return {
    name: 'copycat',
    async work(task, signal) {
      const { context, round, group, hotkey } = task;
      if (round === 0) return null;
      const participants = new Participants(context);
      const facts = await participants.of(round - 1, signal);
      const notes = await roundNotes(context, round - 1, signal);
      const verdict = await roundVerdict(context, facts, notes, signal);
      const [best] = [...(verdict.accepted.get(group) ?? [])]
        .filter((accepted) => accepted.hotkey !== hotkey)
        .sort((a, b) => b.scoreNanoNats - a.scoreNanoNats);
      const victim = facts.miners.find(({ uid }) => uid === best?.uid);
      if (victim === undefined) return null;
      const genesis = task.genesisState;
      const base = await new CanonicalChain(context, participants, genesis).stateBefore(round - 1, signal);
      const opened = await openReveal(context, facts, notes, victim, base.hash, signal);
      if (opened.kind !== 'valid') return null;
      const random = new SeededRandom(taggedHash('connito/1/lab-copycat', utf8(`${hotkey}/${round}`)));
      const { trainedTokens, innerSteps } = opened.manifest;
      return { delta: withNoise(opened.delta, random), trainedTokens, innerSteps, losses: [] };
    },
  };
}

function withNoise(delta: TensorMap, random: SeededRandom): TensorMap {
  const copied = new Map<string, { shape: readonly number[]; data: Float32Array }>();
  for (const [name, { shape, data }] of delta) {
    const size = Math.sqrt(data.reduce((sum, value) => sum + value * value, 0) / data.length);
    copied.set(name, { shape, data: data.map((value) => value + NOISE * size * random.nextGaussian()) });
  }
  return copied;
}
