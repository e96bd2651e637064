import type { ScoringParameters } from '@connito/protocol';
import type { FalseRewards } from './calibration.ts';
import { KINDS, type MeasuredUpdate } from './updates.ts';

/** Of each kind the update that Student's bound rewards most often: the hardest real differences, for a test that is fast. */
export function fixtureOf(
  updates: readonly MeasuredUpdate[],
  results: readonly FalseRewards[],
  { domainSequences, falseRewardRate, minGainNanoNats }: ScoringParameters,
): string {
  const chosen = KINDS.map((kind) => {
    const own = results.filter(
      (r) => r.bound === 'Student t' && r.draw === 'texts' && r.n === domainSequences && r.kind === kind,
    );
    const worst = own.reduce((a, b) => (b.rewarded > a.rewarded ? b : a));
    return updates.find((u) => u.kind === kind && u.domain === worst.domain && u.round === worst.round)!;
  });
  const rows = chosen.map(
    ({ kind, domain, round, gains }) => `    ${JSON.stringify({ kind, domain, round, gains })}`,
  );
  return `{
  "about": "Losses before less after, sequence by sequence, in nano-nats per token: real updates of the shipped foundation, made by bench/proof-of-loss/collect.ts and chosen by run.ts --fixture.",
  "domainSequences": ${domainSequences},
  "falseRewardRate": ${JSON.stringify(falseRewardRate)},
  "minGainNanoNats": ${minGainNanoNats},
  "updates": [
${rows.join(',\n')}
  ]
}
`;
}
