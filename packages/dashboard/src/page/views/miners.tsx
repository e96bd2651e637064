import { signal } from '@preact/signals';
import type { MinerRow, MinersAnswer } from '../../api/schemas/miners.ts';
import type { RunAnswer } from '../../api/schemas/run.ts';
import { billionths, bytes, milli, percent, withSign } from '../data/format.ts';
import { pin } from '../data/preferences.ts';
import { useResource } from '../data/resource.ts';
import { linkTo } from '../data/route.ts';
import { Figure } from '../parts/figure.tsx';
import { Loaded, Panel } from '../parts/panel.tsx';
import { Person, PinButton } from '../parts/person.tsx';
import { Reason } from '../parts/reason.tsx';
import { Spark } from '../parts/spark.tsx';
import { Table } from '../parts/table.tsx';

const PAGE = 50;
const SORTS = {
  rank: 'rank',
  uid: 'uid',
  incentive: 'incentive',
  marginal: 'marginal',
  bytes: 'bytes sent',
} as const;

const offset = signal(0);
const sort = signal<keyof typeof SORTS>('rank');
const domain = signal('');
const search = signal('');

export function MinersView() {
  const query = new URLSearchParams({ limit: `${PAGE}`, offset: `${offset.value}`, sort: sort.value });
  if (domain.value !== '') query.set('domain', domain.value);
  if (search.value !== '') query.set('search', search.value);
  if (pin.value) query.set('pin', pin.value);
  const miners = useResource<MinersAnswer>(`/miners?${query}`, ['round']);
  return (
    <Panel title="Miners" note={<RoundNote miners={miners.value.data} />}>
      <Controls />
      <Loaded resource={miners.value}>
        {(data) => (
          <>
            <Rows miners={data} />
            <Pager total={data.total} />
          </>
        )}
      </Loaded>
    </Panel>
  );
}

function RoundNote({ miners }: { miners: MinersAnswer | null }) {
  if (miners === null) return null;
  if (miners.round === null) return <>no round is finished yet</>;
  return (
    <>
      round <a href={linkTo('rounds', miners.round)}>{miners.round}</a>, {miners.outcome}
    </>
  );
}

function Controls() {
  const run = useResource<RunAnswer>('/run').value.data;
  const groups = (run?.definition as { groups?: { domain: string }[] } | undefined)?.groups ?? [];
  return (
    <form class="controls" onSubmit={(event) => event.preventDefault()}>
      <label>
        Search
        <input
          type="search"
          maxLength={64}
          value={search.value}
          placeholder="uid, hotkey or name"
          onInput={(event) => {
            search.value = event.currentTarget.value;
            offset.value = 0;
          }}
        />
      </label>
      <label>
        Domain
        <select
          value={domain.value}
          onChange={(event) => {
            domain.value = event.currentTarget.value;
            offset.value = 0;
          }}
        >
          <option value="">all</option>
          {groups.map((group) => (
            <option key={group.domain} value={group.domain}>
              {group.domain}
            </option>
          ))}
        </select>
      </label>
      <label>
        Order
        <select
          value={sort.value}
          onChange={(event) => {
            sort.value = event.currentTarget.value as keyof typeof SORTS;
            offset.value = 0;
          }}
        >
          {Object.entries(SORTS).map(([value, title]) => (
            <option key={value} value={value}>
              {title}
            </option>
          ))}
        </select>
      </label>
    </form>
  );
}

function Rows({ miners: { rows, round } }: { miners: MinersAnswer }) {
  const where = `round ${round}`;
  return (
    <Table<MinerRow>
      caption="Miners of the last finished round"
      rows={rows}
      keyOf={({ hotkey }) => hotkey}
      rowClass={({ hotkey }) => (hotkey === pin.value ? 'own' : '')}
      empty="No miner fits."
      columns={[
        { title: 'pin', cell: ({ hotkey, name }) => <PinButton hotkey={hotkey} name={name} /> },
        { title: 'rank', of: 'rank', align: 'right', cell: ({ rank }) => rank },
        { title: 'uid', align: 'right', cell: ({ uid }) => uid },
        { title: 'miner', cell: ({ hotkey, name }) => <Person hotkey={hotkey} name={name} /> },
        { title: 'domain', cell: (row) => row.domain },
        {
          title: 'score',
          of: 'score',
          align: 'right',
          cell: ({ scoreNanoNats, statuses }) => (
            <Figure of="score" at={`${where}, ${statuses.length} reports`}>
              <b>{milli(scoreNanoNats)}</b>
            </Figure>
          ),
        },
        {
          title: 'interval',
          of: 'interval',
          align: 'right',
          wide: true,
          cell: ({ lowerNanoNats, upperNanoNats }) => (
            <Figure of="interval" at={where} class="quiet">
              {lowerNanoNats === null || upperNanoNats === null
                ? '–'
                : `${withSign(lowerNanoNats / 1e6, 1)} to ${withSign(upperNanoNats / 1e6, 1)}`}
            </Figure>
          ),
        },
        {
          title: 'marginal',
          of: 'marginal',
          align: 'right',
          wide: true,
          cell: ({ marginalNanoNats }) => (
            <Figure of="marginal" at={where}>
              {milli(marginalNanoNats, true)}
            </Figure>
          ),
        },
        {
          title: 'merge',
          of: 'weight',
          align: 'right',
          wide: true,
          cell: ({ mergeWeight }) => (mergeWeight === 0 ? '–' : percent(mergeWeight, 0)),
        },
        {
          title: 'incentive',
          of: 'incentive',
          align: 'right',
          cell: ({ incentive }) => (
            <Figure of="incentive" at={where}>
              {billionths(incentive)}
            </Figure>
          ),
        },
        { title: 'sent', of: 'bytes', align: 'right', wide: true, cell: ({ bytesSent }) => bytes(bytesSent) },
        { title: 'validators', of: 'measured', cell: ({ statuses }) => <Statuses statuses={statuses} /> },
        {
          title: 'last rounds',
          of: 'score',
          wide: true,
          cell: ({ recent }) => (
            <Spark
              values={recent.map(({ scoreNanoNats }) => scoreNanoNats)}
              label={`Scores of the last ${recent.length} rounds, ${recent.filter(({ scoreNanoNats }) => (scoreNanoNats ?? 0) > 0).length} of them paid`}
            />
          ),
        },
        { title: 'why zero', of: 'reason', cell: ({ reason }) => <Reason code={reason} brief /> },
      ]}
    />
  );
}

const STATUS_MARKS: Readonly<Record<string, string>> = {
  scored: '●',
  futile: '○',
  invalid: '✕',
  abstained: '–',
};

/** One mark for each validator: filled where it pays. */
function Statuses({ statuses }: { statuses: MinerRow['statuses'] }) {
  return (
    <span class="statuses">
      {statuses.map(({ validator, kind, reason, scoreNanoNats }) => {
        const says = `uid ${validator}: ${kind}${reason === null ? '' : `, ${reason}`}${scoreNanoNats === null ? '' : `, ${milli(scoreNanoNats)}`}`;
        return (
          <Figure key={validator} of="measured" at={says} class={(scoreNanoNats ?? 0) > 0 ? 'good' : 'bad'}>
            <span aria-hidden="true">{STATUS_MARKS[kind] ?? '?'}</span>
            <span class="sr-only">{says}; </span>
          </Figure>
        );
      })}
    </span>
  );
}

function Pager({ total }: { total: number }) {
  if (total <= PAGE) return null;
  const last = Math.min(total, offset.value + PAGE);
  return (
    <nav class="pager" aria-label="Pages">
      <button
        type="button"
        disabled={offset.value === 0}
        onClick={() => (offset.value = Math.max(0, offset.value - PAGE))}
      >
        Previous
      </button>
      <span>
        {offset.value + 1}–{last} of {total}
      </span>
      <button type="button" disabled={last >= total} onClick={() => (offset.value += PAGE)}>
        Next
      </button>
    </nav>
  );
}
