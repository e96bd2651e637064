import type { Score } from '@connito/protocol';
import { LocalExam } from '../support/local-exam.ts';
import type { LocalRun } from '../support/local-run.ts';
import { disguised, type GroupHistory } from './compare.ts';
import type { Disguise } from './disguises.ts';

/** What one copy would be paid if nobody noticed, beside the honest miners of its group and round. */
export type Earning = {
  readonly series: number;
  readonly domain: string;
  readonly round: number;
  readonly kind: string;
  readonly from: 'before' | 'same' | null;
  /** Proof-of-Loss score, nano-nats per token. */
  readonly scoreNanoNats: number;
  readonly gainMeanNanoNats: number;
};

/** Scores the honest works of the current round and the copies of them, on one draw. The run's state must be the round's. */
export async function measureEarnings(
  run: LocalRun,
  histories: readonly GroupHistory[],
  disguises: readonly Disguise[],
  say: (what: string) => void,
): Promise<Earning[]> {
  const { round } = run;
  const earnings: Earning[] = [];
  const exam = await LocalExam.open(run, `copies/${histories[0]!.series}/${round}`);
  for (const history of histories) {
    const { series, group, rounds } = history;
    const { honest, variants } = rounds[round]!;
    const add = async (
      kind: string,
      from: Earning['from'],
      delta: (typeof honest)[number],
    ): Promise<void> => {
      const scored = paidFor(await exam.score(group, delta));
      earnings.push({ series, domain: group.domain, round, kind, from, ...scored });
    };
    for (const delta of honest) await add('honest', null, delta);
    for (const [kind, delta] of variants) await add(kind, 'same', delta);
    const seed = new TextEncoder().encode(`${series}/${round}`);
    for (const disguise of disguises) {
      for (const { kind, from, delta } of disguised(history, round, disguise, seed)) {
        // Within a round the copy earns what the original does, up to the disguise.
        if (from === 'before' || /noise|mean|half of it|quarter/.test(kind)) await add(kind, from, delta);
      }
    }
    say(`series ${series}, round ${round}, ${group.id}: what copies would earn`);
  }
  await exam.close();
  return earnings;
}

function paidFor(score: Score): Pick<Earning, 'scoreNanoNats' | 'gainMeanNanoNats'> {
  if (score.kind !== 'scored') return { scoreNanoNats: 0, gainMeanNanoNats: 0 };
  return { scoreNanoNats: score.scoreNanoNats, gainMeanNanoNats: score.domain.meanNanoNats };
}
