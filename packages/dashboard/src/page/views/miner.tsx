import { useState } from 'preact/hooks';
import type { MinerHistory } from '../../api/schemas/miners.ts';
import { billionths, bytes, milli, percent, withSign } from '../data/format.ts';
import { useResource } from '../data/resource.ts';
import { linkTo } from '../data/route.ts';
import { Chart } from '../parts/chart.tsx';
import { Figure } from '../parts/figure.tsx';
import { Pager } from '../parts/pager.tsx';
import { Loaded, Panel } from '../parts/panel.tsx';
import { PinButton } from '../parts/person.tsx';
import { Reason } from '../parts/reason.tsx';
import { Table } from '../parts/table.tsx';

type HistoryRow = MinerHistory['rows'][number];

/** Everything of one miner. */
export function MinerView({ hotkey }: { hotkey: string }) {
  const [before, setBefore] = useState<number | null>(null);
  const query = before === null ? '' : `?before=${before}`;
  const history = useResource<MinerHistory>(`/miners/${encodeURIComponent(hotkey)}${query}`, ['round']);
  return (
    <Loaded resource={history.value}>
      {(data) => (
        <div class="grid two">
          <Identity history={data} />
          <LastZero history={data} />
          <Scores history={data} />
          <Panel title="Rounds" class="span" note={<a href={linkTo('miners')}>all miners</a>}>
            <Rows rows={data.rows} />
            <Pager before={before} older={data.before} onTurn={setBefore} />
          </Panel>
        </div>
      )}
    </Loaded>
  );
}

function Identity({ history: { hotkey, name, uid, totals } }: { history: MinerHistory }) {
  return (
    <Panel title={name ?? `uid ${uid}`} note={<PinButton hotkey={hotkey} name={name} />}>
      <p class="mono break">{hotkey}</p>
      <dl class="facts">
        <dt>uid</dt>
        <dd>{uid}</dd>
        <dt>paid</dt>
        <dd>
          <Figure of="count" at="over all its rounds" focusable>
            {totals.paid} of {totals.rounds} rounds
          </Figure>
        </dd>
        <dt>mean incentive</dt>
        <dd>
          <Figure of="incentive" at="mean over all its rounds" focusable>
            {billionths(totals.incentive)}
          </Figure>
        </dd>
        <dt>sent</dt>
        <dd>
          <Figure of="bytes" at="sum over all its rounds" focusable>
            {bytes(totals.bytesSent)}
          </Figure>
        </dd>
        {totals.contributions.map(({ group, rounds }) => (
          <>
            <dt>in the model</dt>
            <dd>
              <Figure of="contribution" at={`group ${group}`} focusable>
                {rounds} updates of {group}
              </Figure>
            </dd>
          </>
        ))}
      </dl>
      {totals.reasons.length > 0 && (
        <ul class="reasons">
          {totals.reasons.map(({ reason, count, lastRound }) => (
            <li key={reason}>
              <Figure of="reason" at={`last in round ${lastRound}`}>
                {count} ×
              </Figure>{' '}
              <Reason code={reason} brief />
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function LastZero({ history }: { history: MinerHistory }) {
  const last = history.rows.find(({ reason }) => reason !== null);
  return (
    <Panel
      title="Last time it was not paid or not merged"
      note={last === undefined ? undefined : <a href={linkTo('rounds', last.round)}>round {last.round}</a>}
    >
      {last === undefined ? <p class="quiet">Never in the rounds shown.</p> : <Reason code={last.reason} />}
    </Panel>
  );
}

function Scores({ history }: { history: MinerHistory }) {
  const rows = [...history.rows].reverse();
  const pick = (field: 'scoreNanoNats' | 'lowerNanoNats' | 'upperNanoNats' | 'marginalNanoNats') =>
    rows.map((row) => (row[field] === null ? null : row[field] / 1e6));
  return (
    <Panel
      title="Score"
      class="span"
      note={<Figure of="score">millinats per token, with its interval</Figure>}
    >
      <Chart
        label="Score by round, millinats per token"
        rounds={rows.map(({ round }) => round)}
        format={(value) => withSign(value, 1)}
        series={[
          {
            label: 'score',
            color: 0,
            values: pick('scoreNanoNats'),
            low: pick('lowerNanoNats'),
            high: pick('upperNanoNats'),
          },
          { label: 'marginal', color: 1, values: pick('marginalNanoNats'), dashed: true },
        ]}
      />
    </Panel>
  );
}

function Rows({ rows }: { rows: readonly HistoryRow[] }) {
  return (
    <Table<HistoryRow>
      caption="The miner’s rounds, newest first"
      rows={rows}
      keyOf={({ round }) => round}
      columns={[
        {
          title: 'round',
          align: 'right',
          cell: ({ round }) => <a href={linkTo('rounds', round)}>{round}</a>,
        },
        { title: 'group', cell: ({ group }) => group },
        {
          title: 'score',
          of: 'score',
          align: 'right',
          cell: ({ scoreNanoNats }) => <b>{milli(scoreNanoNats)}</b>,
        },
        {
          title: 'interval',
          of: 'interval',
          align: 'right',
          wide: true,
          cell: ({ lowerNanoNats, upperNanoNats }) =>
            lowerNanoNats === null || upperNanoNats === null
              ? '–'
              : `${withSign(lowerNanoNats / 1e6, 1)} to ${withSign(upperNanoNats / 1e6, 1)}`,
        },
        {
          title: 'marginal',
          of: 'marginal',
          align: 'right',
          wide: true,
          cell: (row) => milli(row.marginalNanoNats, true),
        },
        {
          title: 'merge',
          of: 'weight',
          align: 'right',
          cell: ({ mergeWeight }) => (mergeWeight === 0 ? '–' : percent(mergeWeight, 0)),
        },
        {
          title: 'incentive',
          of: 'incentive',
          align: 'right',
          cell: ({ incentive }) => billionths(incentive),
        },
        { title: 'sent', of: 'bytes', align: 'right', wide: true, cell: ({ bytesSent }) => bytes(bytesSent) },
        { title: 'why zero', of: 'reason', cell: ({ reason }) => <Reason code={reason} brief /> },
      ]}
    />
  );
}
