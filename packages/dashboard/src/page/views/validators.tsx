import type { ValidatorsAnswer } from '../../api/schemas/validators.ts';
import { billionths, milli, percent, shortHash } from '../data/format.ts';
import { useResource } from '../data/resource.ts';
import { linkTo } from '../data/route.ts';
import { Figure } from '../parts/figure.tsx';
import { Loaded, Panel } from '../parts/panel.tsx';
import { Person } from '../parts/person.tsx';
import { Table } from '../parts/table.tsx';

type Row = ValidatorsAnswer['rows'][number];

export function ValidatorsView() {
  const validators = useResource<ValidatorsAnswer>('/validators?rounds=100', ['round']);
  return (
    <Loaded resource={validators.value}>
      {(data) => (
        <div class="stack">
          <Panel title="Validators" note={`rounds ${data.from} to ${data.to}`}>
            <Rows data={data} />
          </Panel>
          <Panel title="Round by round" note="newest on the right; ✓ reported and posted the canonical state">
            <ul class="tracks">
              {data.rows.map((row) => (
                <li key={row.hotkey}>
                  <span class="track-name">
                    <Person hotkey={row.hotkey} name={row.name} link={false} />
                  </span>
                  <Track row={row} />
                </li>
              ))}
            </ul>
          </Panel>
        </div>
      )}
    </Loaded>
  );
}

function Rows({ data }: { data: ValidatorsAnswer }) {
  const where = `rounds ${data.from} to ${data.to}`;
  return (
    <Table<Row>
      caption="Validators over the last rounds"
      rows={data.rows}
      keyOf={({ hotkey }) => hotkey}
      columns={[
        { title: 'uid', align: 'right', cell: ({ uid }) => uid },
        {
          title: 'validator',
          cell: ({ hotkey, name }) => <Person hotkey={hotkey} name={name} link={false} />,
        },
        {
          title: 'stake',
          of: 'stake',
          align: 'right',
          cell: ({ stake, stakeShare }) => (
            <Figure of="stake" at={`${stake} units`}>
              {percent(stakeShare)}
            </Figure>
          ),
        },
        {
          title: 'agreement',
          of: 'agreement',
          align: 'right',
          cell: ({ same, judged }) => (
            <Figure of="agreement" at={`${same} of ${judged}, ${where}`}>
              {judged === 0 ? '–' : percent(same / judged)}
            </Figure>
          ),
        },
        {
          title: 'distance',
          of: 'deviation',
          align: 'right',
          wide: true,
          cell: ({ meanDeviationNanoNats }) => milli(meanDeviationNanoNats),
        },
        {
          title: 'reports in time',
          of: 'lateness',
          align: 'right',
          cell: ({ inTime, rounds, late, missing }) => (
            <Figure of="lateness" at={`${late} late, ${missing} missing or not counted`}>
              {inTime} of {rounds}
            </Figure>
          ),
        },
        {
          title: 'blocks used',
          of: 'lateness',
          align: 'right',
          wide: true,
          cell: ({ meanBlocksUsed }) => (meanBlocksUsed === null ? '–' : meanBlocksUsed.toFixed(1)),
        },
        {
          title: 'states canonical',
          of: 'states',
          align: 'right',
          cell: ({ statesCanonical, statesPosted }) => `${statesCanonical} of ${statesPosted}`,
        },
        {
          title: 'last state',
          of: 'state',
          wide: true,
          cell: ({ lastState }) =>
            lastState === null ? '–' : <code title={lastState}>{shortHash(lastState)}</code>,
        },
        {
          title: 'sequences / s',
          of: 'speed',
          align: 'right',
          wide: true,
          cell: ({ sequencesPerSecond }) =>
            sequencesPerSecond === null ? '–' : `≥ ${sequencesPerSecond.toFixed(1)}`,
        },
        {
          title: 'dividends',
          of: 'dividends',
          align: 'right',
          cell: ({ dividends }) => billionths(dividends),
        },
      ]}
    />
  );
}

function Track({ row: { history } }: { row: Row }) {
  return (
    <span class="track">
      {history.map(({ round, status, agreed, same, judged }) => {
        const kind =
          status !== 'in_time' ? 'missed' : agreed === true ? 'done' : agreed === null ? 'idle' : 'due';
        const state =
          agreed === null ? 'no state' : agreed ? 'canonical state' : 'another state, or a void round';
        const says = `round ${round}: report ${status.replace('_', ' ')}, ${state}, agreed on ${same} of ${judged}`;
        return (
          <a key={round} class={`tick ${kind}`} href={linkTo('rounds', round)} title={says} aria-label={says}>
            {kind === 'done' ? '✓' : kind === 'missed' ? '✕' : '·'}
          </a>
        );
      })}
    </span>
  );
}
