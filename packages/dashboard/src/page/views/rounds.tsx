import { useState } from 'preact/hooks';
import type { ProvenanceAnswer, RoundsAnswer } from '../../api/schemas/rounds.ts';
import { clockTime, percent, seconds, shortHash } from '../data/format.ts';
import { useResource } from '../data/resource.ts';
import { linkTo } from '../data/route.ts';
import { Figure } from '../parts/figure.tsx';
import { Pager } from '../parts/pager.tsx';
import { Loaded, Panel } from '../parts/panel.tsx';
import { Person } from '../parts/person.tsx';
import { Table } from '../parts/table.tsx';

type Row = RoundsAnswer['rows'][number];
type Contributor = ProvenanceAnswer['groups'][number]['contributors'][number];

export function RoundsView() {
  const [before, setBefore] = useState<number | null>(null);
  const query = before === null ? '' : `?before=${before}`;
  const rounds = useResource<RoundsAnswer>(`/rounds${query}`, ['round']);
  return (
    <div class="stack">
      <Loaded resource={rounds.value}>
        {(data) => (
          <Panel title="Rounds" note={`${data.total} finished`}>
            <Rows rows={data.rows} />
            <Pager before={before} older={data.before} onTurn={setBefore} />
          </Panel>
        )}
      </Loaded>
      <Provenance />
    </div>
  );
}

function Rows({ rows }: { rows: readonly Row[] }) {
  return (
    <Table<Row>
      caption="Finished rounds, newest first"
      rows={rows}
      keyOf={({ round }) => round}
      empty="No round is finished yet."
      columns={[
        {
          title: 'round',
          align: 'right',
          cell: ({ round }) => <a href={linkTo('rounds', round)}>{round}</a>,
        },
        {
          title: 'outcome',
          cell: ({ outcome, agreed }) => (
            <span class={outcome === 'canonical' ? 'good' : 'bad'}>
              {outcome === 'canonical' ? (agreed ? 'merged, all agree' : 'merged by majority') : 'void'}
            </span>
          ),
        },
        {
          title: 'state',
          of: 'state',
          cell: ({ state, round }) => (
            <Figure of="state" at={`${state}, after round ${round}`}>
              <code>{shortHash(state)}</code>
            </Figure>
          ),
        },
        { title: 'paid', of: 'count', align: 'right', cell: ({ paid, miners }) => `${paid} of ${miners}` },
        { title: 'merged', of: 'merge', align: 'right', cell: ({ merged }) => merged },
        {
          title: 'steps',
          of: 'merge',
          wide: true,
          cell: ({ groups }) => groups.map(({ group, scale }) => `${group} ×${scale}`).join(', '),
        },
        {
          title: 'blocks',
          wide: true,
          align: 'right',
          cell: ({ firstBlock, lastBlock }) => `${firstBlock}–${lastBlock}`,
        },
        { title: 'took', of: 'seconds', align: 'right', cell: (row) => seconds(row.seconds) },
        { title: 'ended', wide: true, align: 'right', cell: ({ endedAtMs }) => clockTime(endedAtMs) },
      ]}
    />
  );
}

function Provenance() {
  const provenance = useResource<ProvenanceAnswer>('/provenance', ['round']);
  return (
    <Loaded resource={provenance.value}>
      {(data) => (
        <Panel
          title="Whose work the current model is"
          note={
            data.state === null ? (
              'still the base model'
            ) : (
              <Figure of="state" at={data.state}>
                state <code>{shortHash(data.state)}</code> after round {data.round}
              </Figure>
            )
          }
        >
          <div class="grid three">
            {data.groups.map(({ group, contributors }, color) => (
              <div key={group}>
                <h3>{group}</h3>
                <Table<Contributor>
                  caption={`Contributors to group ${group}`}
                  rows={contributors.slice(0, 12)}
                  keyOf={({ hotkey }) => hotkey}
                  empty="No update was merged yet."
                  columns={[
                    { title: 'miner', cell: ({ hotkey, name }) => <Person hotkey={hotkey} name={name} /> },
                    { title: 'rounds', of: 'contribution', align: 'right', cell: ({ rounds }) => rounds },
                    {
                      title: 'part',
                      of: 'contribution',
                      align: 'right',
                      cell: ({ share, weight, lastRound }) => (
                        <Figure
                          of="contribution"
                          at={`weight ${weight.toFixed(3)}, last in round ${lastRound}`}
                        >
                          <meter class={`series-${color}`} min={0} max={1} value={share} aria-hidden="true" />{' '}
                          {percent(share)}
                        </Figure>
                      ),
                    },
                  ]}
                />
                {contributors.length > 12 && <p class="quiet">and {contributors.length - 12} more</p>}
              </div>
            ))}
          </div>
        </Panel>
      )}
    </Loaded>
  );
}
