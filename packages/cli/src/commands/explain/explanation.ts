import {
  type CheckResult,
  checkResults,
  explainReason,
  type MinerOutcome,
  NANO_NATS_PER_NAT,
  type Reason,
} from '@connito/protocol';
import { type MinerRecord, type RoundRecord, reasonOf } from '@connito/run';
import { formatTable } from '../../command/table.ts';
import type { Network } from '../../network/network-file.ts';
import { formatBytes, formatInterval, formatMilliNats, formatShare } from '../../view/text.ts';

/** What one validator measured of an update. Losses and scores in nats per token. */
export type Measurement = {
  readonly validator: string;
  readonly outcome: MinerOutcome['kind'];
  readonly reason: Reason | null;
  readonly why: string | null;
  readonly sequences: number | null;
  readonly reduction: number | null;
  readonly interval: readonly [number, number] | null;
  readonly generalRise: number | null;
  readonly charge: number | null;
  /** Rise of the general sequence that the update hurt most. */
  readonly worstRise: number | null;
  readonly score: number | null;
  readonly copyOf: string | null;
};

export type Explanation = {
  readonly uid: number;
  readonly hotkey: string;
  readonly name: string | null;
  readonly behaviour: string | null;
  readonly round: number;
  readonly outcome: 'canonical' | 'void';
  readonly group: string;
  readonly domain: string;
  readonly score: number | null;
  readonly incentive: number;
  readonly mergeWeight: number;
  readonly stepScale: number;
  readonly bytesSent: number;
  readonly checks: readonly CheckResult[];
  readonly measurements: readonly Measurement[];
  readonly reason: Reason | null;
  readonly sentence: string;
  readonly detail: string | null;
  readonly nextAction: string;
};

/** Puts together what ledger and reports say about one miner in one round. */
export function explanationOf(
  record: RoundRecord,
  miner: MinerRecord,
  outcomes: readonly { readonly validator: string; readonly outcome: MinerOutcome }[],
  network: Network,
): Explanation {
  const known = network.miners.find(({ hotkey }) => hotkey === miner.hotkey);
  const reason = reasonOf(record, miner);
  const { sentence, nextAction } =
    reason === null
      ? {
          sentence: 'The update lowered the loss of its domain, was paid and was merged.',
          nextAction: 'Nothing: go on.',
        }
      : explainReason(reason);
  return {
    uid: miner.uid,
    hotkey: miner.hotkey,
    name: known?.name ?? null,
    behaviour: known?.behaviour ?? null,
    round: record.round,
    outcome: record.outcome,
    group: miner.group,
    domain: miner.domain,
    score: miner.scoreNanoNats === null ? null : nats(miner.scoreNanoNats),
    incentive: miner.incentive / 1e9,
    mergeWeight: miner.mergeWeight,
    stepScale: record.groups.find(({ group }) => group === miner.group)?.scale ?? 0,
    bytesSent: miner.bytesSent,
    checks: checkResults(reason),
    measurements: outcomes.map(measurementOf),
    reason,
    sentence,
    detail: miner.detail === sentence ? null : miner.detail,
    nextAction,
  };
}

function measurementOf({
  validator,
  outcome,
}: {
  readonly validator: string;
  readonly outcome: MinerOutcome;
}): Measurement {
  const domain = outcome.kind === 'scored' || outcome.kind === 'futile' ? outcome.domain : null;
  const scored = outcome.kind === 'scored' ? outcome : null;
  return {
    validator,
    outcome: outcome.kind,
    reason: outcome.reason,
    why: outcome.kind === 'invalid' ? outcome.why : null,
    sequences: domain?.n ?? null,
    reduction: domain === null ? null : nats(domain.meanNanoNats),
    interval: domain === null ? null : [nats(domain.lowerNanoNats), nats(domain.upperNanoNats)],
    generalRise: scored === null ? null : nats(scored.generalRise.meanNanoNats),
    charge: scored === null ? null : nats(scored.chargeNanoNats),
    worstRise: scored === null ? null : nats(scored.worstGeneralRiseNanoNats),
    score: scored === null ? null : nats(scored.scoreNanoNats),
    copyOf: scored?.duplicate?.of ?? null,
  };
}

function nats(nanoNats: number): number {
  return nanoNats / NANO_NATS_PER_NAT;
}

const MARKS: Readonly<Record<CheckResult['result'], string>> = {
  passed: 'ok',
  failed: 'FAILED',
  'not reached': '-',
  unknown: '?',
};

/** An explanation for people. */
export function explanationLines(explanation: Explanation): string[] {
  const { uid, name, behaviour, round, group, domain, score, checks, measurements } = explanation;
  const who = name === null ? explanation.hotkey : `${name}, ${behaviour}`;
  const stepped = explanation.stepScale > 0 ? `, step scale ${explanation.stepScale}` : '';
  return [
    `uid ${uid} (${who}) in round ${round}, group ${group}, domain ${domain}`,
    `score      ${score === null ? 'none agreed' : `${formatMilliNats(score)} millinats per token`}`,
    `incentive  ${formatShare(explanation.incentive)}`,
    `merge      ${explanation.mergeWeight > 0 ? `weight ${formatShare(explanation.mergeWeight)} of its group${stepped}` : 'no part in it'}`,
    `sent       ${formatBytes(explanation.bytesSent)}`,
    '',
    ...formatTable(
      [
        { title: 'check', value: ({ check }) => check },
        {
          title: 'result',
          value: ({ result, reason }) => `${MARKS[result]}${reason === null ? '' : ` ${reason}`}`,
        },
      ],
      checks,
    ),
    '',
    ...(measurements.length === 0
      ? ['No validator reported on it.']
      : [
          ...measurementTable(measurements),
          'Millinats per token. The score is the lower bound less the charge. Worst rise: of the general sequence it hurt most.',
        ]),
    '',
    explanation.sentence,
    ...(explanation.detail === null ? [] : [explanation.detail]),
    `Next: ${explanation.nextAction}`,
  ];
}

function measurementTable(measurements: readonly Measurement[]): string[] {
  const milli = (value: number | null, sign = false) =>
    value === null ? '' : formatMilliNats(value, { sign });
  return formatTable(
    [
      { title: 'validator', value: ({ validator }: Measurement) => validator },
      { title: 'sequences', value: ({ sequences }) => `${sequences ?? ''}`, align: 'right' },
      { title: 'loss reduction', value: ({ reduction }) => milli(reduction, true), align: 'right' },
      { title: 'bounds', value: ({ interval }) => (interval === null ? '' : formatInterval(interval)) },
      { title: 'general rise', value: ({ generalRise }) => milli(generalRise, true), align: 'right' },
      { title: 'worst rise', value: ({ worstRise }) => milli(worstRise, true), align: 'right' },
      { title: 'charge', value: ({ charge }) => milli(charge), align: 'right' },
      { title: 'score', value: ({ score }) => milli(score), align: 'right' },
      {
        title: 'reason',
        value: ({ reason, copyOf }) => (copyOf === null ? (reason ?? '') : `copy of ${copyOf}`),
      },
    ],
    measurements,
  );
}
