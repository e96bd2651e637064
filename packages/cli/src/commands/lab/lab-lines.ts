import type { ReplayResult, ScenarioResult, Verdict } from '@connito/lab';

type Result = ScenarioResult | ReplayResult;

const MARKS: Readonly<Record<Verdict, string>> = {
  withstood: 'PASS',
  failed: 'FAIL',
  open: 'OPEN',
  measured: '    ',
};

/** What `--json` ends with. Pay is a part of all pay, as a mean for each miner and round; shifts are in nats per token. */
export function labSummary(results: readonly Result[]) {
  return {
    type: 'summary',
    ok: results.every(({ verdict }) => verdict !== 'failed'),
    scenarios: results.map(
      ({
        name,
        rule,
        hostileShare,
        hostileEarned,
        honestEarned,
        lossShift,
        lostShare,
        caughtBy,
        verdict,
      }) => ({
        ...{ name, rule, hostileShare, hostileEarned, honestEarned },
        ...{ lossShift, lostShare, caughtBy, verdict },
      }),
    ),
  };
}

/** One result for people: who earned what, what it did to the loss, how it was caught, and what was not met. */
export function lineOf(result: Result): string {
  const { name, verdict, hostileEarned, honestEarned, lossShift, lostShare, caughtBy } = result;
  const percent = (part: number): string => `${(100 * part).toFixed(1)} %`;
  const shift = `${lossShift < 0 ? '−' : '+'}${Math.abs(1000 * lossShift).toFixed(1)}`;
  const pay = `hostile ${percent(hostileEarned)}, honest ${percent(honestEarned)} of pay a round`;
  const loss = `loss ${shift} millinats (${percent(lostShare)} of what is learned)`;
  const line = `${MARKS[verdict]}  ${name.padEnd(20)}  ${pay}; ${loss}; ${caughtBy ?? 'not caught'}`;
  if (result.kind === 'replay') return line;
  const missed = result.checks.filter(({ met }) => !met).map(({ says }) => `      not met: ${says}`);
  const known = verdict === 'open' && result.notWithstood !== null ? [`      ${result.notWithstood}`] : [];
  return [line, ...missed, ...known].join('\n');
}

export function summaryLine(results: readonly Result[]): string {
  const count = (verdict: Verdict): number => results.filter((result) => result.verdict === verdict).length;
  const open = count('open') === 0 ? '' : `, ${count('open')} known not to be withstood`;
  const measured = count('measured') === 0 ? '' : `, ${count('measured')} measured without a requirement`;
  return `${count('withstood')} withstood, ${count('failed')} failed${open}${measured}.`;
}
