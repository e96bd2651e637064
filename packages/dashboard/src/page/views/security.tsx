import { signal } from '@preact/signals';
import type { SecurityAnswer } from '../../api/schemas/security.ts';
import { integer, words } from '../data/format.ts';
import { useResource } from '../data/resource.ts';
import { linkTo } from '../data/route.ts';
import { Figure } from '../parts/figure.tsx';
import { Loaded, Panel } from '../parts/panel.tsx';
import { Person } from '../parts/person.tsx';
import { Table } from '../parts/table.tsx';

type Check = SecurityAnswer['checks'][number];
type Event = SecurityAnswer['events'][number];

const reason = signal('');
const before = signal<number | null>(null);

export function SecurityView() {
  const query = new URLSearchParams({ rounds: '100', limit: '50' });
  if (reason.value !== '') query.set('reason', reason.value);
  if (before.value !== null) query.set('before', `${before.value}`);
  const security = useResource<SecurityAnswer>(`/security?${query}`, ['round']);
  return (
    <Loaded resource={security.value}>
      {(data) => (
        <div class="grid two">
          <Panel
            title="Checks, in their order"
            note={
              <Figure of="rejected">
                {integer(data.submissions)} miner places in rounds {data.from} to {data.to}
              </Figure>
            }
          >
            <Checks checks={data.checks} />
          </Panel>
          <Panel title="What was rejected" note="newest first">
            <Events data={data} />
          </Panel>
        </div>
      )}
    </Loaded>
  );
}

function Checks({ checks }: { checks: readonly Check[] }) {
  const most = Math.max(1, ...checks.map(({ rejected }) => rejected));
  return (
    <Table<Check>
      caption="Rejections by check"
      rows={checks}
      keyOf={({ check }) => check}
      rowClass={({ rejected }) => (rejected === 0 ? 'faded' : '')}
      columns={[
        { title: 'check', cell: ({ check }) => check },
        {
          title: 'rejected',
          of: 'rejected',
          align: 'right',
          cell: ({ check, rejected }) => (
            <Figure of="rejected" at={check}>
              {rejected > 0 && <meter class="bad" min={0} max={most} value={rejected} aria-hidden="true" />}{' '}
              {integer(rejected)}
            </Figure>
          ),
        },
        {
          title: 'reasons',
          cell: ({ reasons }) =>
            reasons.map(({ reason: code, count }) => (
              <button
                key={code}
                type="button"
                class="chip"
                aria-pressed={reason.value === code}
                onClick={() => {
                  reason.value = reason.value === code ? '' : code;
                  before.value = null;
                }}
              >
                {words(code)} {count}
              </button>
            )),
        },
      ]}
    />
  );
}

function Events({ data }: { data: SecurityAnswer }) {
  return (
    <>
      {reason.value !== '' && (
        <p>
          Only <b>{words(reason.value)}</b>.{' '}
          <button
            type="button"
            onClick={() => {
              reason.value = '';
            }}
          >
            Show all
          </button>
        </p>
      )}
      <Table<Event>
        caption="Rejections, newest first"
        rows={data.events}
        keyOf={({ round, hotkey }) => `${round}/${hotkey}`}
        empty="Nothing was rejected in these rounds."
        columns={[
          {
            title: 'round',
            align: 'right',
            cell: ({ round }) => <a href={linkTo('rounds', round)}>{round}</a>,
          },
          { title: 'miner', cell: ({ hotkey, name }) => <Person hotkey={hotkey} name={name} /> },
          { title: 'reason', of: 'reason', cell: (event) => words(event.reason) },
          { title: 'detail', wide: true, cell: ({ detail }) => <span class="stranger">{detail ?? ''}</span> },
        ]}
      />
      <nav class="pager" aria-label="Pages">
        <button type="button" disabled={before.value === null} onClick={() => (before.value = null)}>
          Newest
        </button>
        <button type="button" disabled={data.before === null} onClick={() => (before.value = data.before)}>
          Older
        </button>
      </nav>
    </>
  );
}
