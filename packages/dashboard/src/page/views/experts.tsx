import { signal } from '@preact/signals';
import type { ExpertsAnswer } from '../../api/schemas/experts.ts';
import { percent, shortHash, withSign } from '../data/format.ts';
import { useResource } from '../data/resource.ts';
import { linkTo } from '../data/route.ts';
import { Figure } from '../parts/figure.tsx';
import { type HeatCell, HeatMap } from '../parts/heat-map.tsx';
import { Loaded, Panel } from '../parts/panel.tsx';
import { Person } from '../parts/person.tsx';
import { Table } from '../parts/table.tsx';

const MODES = { after: 'now', before: 'base model', change: 'change' } as const;
type Mode = keyof typeof MODES;

const domain = signal('');
const mode = signal<Mode>('after');

export function ExpertsView() {
  const experts = useResource<ExpertsAnswer>('/experts', ['measured']);
  return (
    <Loaded resource={experts.value}>
      {(data) => (
        <div class="grid two">
          {data.domains.some(({ after }) => after !== null) ? (
            <Load experts={data} />
          ) : (
            <Panel title="Routing load" class="span">
              <p class="quiet">Routing was not measured yet.</p>
            </Panel>
          )}
          <Drifts experts={data} />
          <Overlap experts={data} />
          {data.updates !== null && <Updates updates={data.updates} />}
        </div>
      )}
    </Loaded>
  );
}

function ownersOf({ owners }: ExpertsAnswer): Map<string, string> {
  return new Map(owners.map(({ layer, expert, group }) => [`${layer}/${expert}`, group]));
}

function Load({ experts }: { experts: ExpertsAnswer }) {
  const shown = experts.domains.find((candidate) => candidate.domain === domain.value) ?? experts.domains[0]!;
  const owners = ownersOf(experts);
  const { before, after } = shown;
  const source = mode.value === 'before' ? before : after;
  const values = (source ?? []).map((row, layer) =>
    row.map((share, expert) =>
      mode.value === 'change' ? share - (before?.[layer]?.[expert] ?? share) : share,
    ),
  );
  const largest = Math.max(1e-9, ...values.flat().map(Math.abs));
  const cell = (value: number, layer: number, expert: number): HeatCell => {
    const owner = owners.get(`${layer}/${expert}`);
    const text = mode.value === 'change' ? withSign(100 * value, 1) : (100 * value).toFixed(1);
    return {
      level: value / largest,
      text,
      framed: owner === shown.domain,
      at: `layer ${layer}, expert ${expert}: ${text} % of ${shown.domain}’s choices; ${owner === undefined ? 'trained by no group' : `group ${owner}`}`,
    };
  };
  return (
    <Panel
      title="Routing load"
      class="span"
      note={
        <Figure
          of="load"
          at={
            experts.state === null
              ? undefined
              : `state ${shortHash(experts.state)}, before round ${experts.round}`
          }
        >
          % of a layer’s choices; framed: the domain’s own group
        </Figure>
      }
    >
      <div class="controls">
        <Choice
          label="Domain"
          options={experts.domains.map((each): [string, string] => [
            each.domain,
            each.trained ? each.domain : `${each.domain} (general)`,
          ])}
          value={shown.domain}
          onChange={(value) => {
            domain.value = value;
          }}
        />
        <Choice
          label="Show"
          options={Object.entries(MODES)}
          value={mode.value}
          onChange={(value) => {
            mode.value = value as Mode;
          }}
        />
      </div>
      <HeatMap
        compact
        caption={`Routing load of ${shown.domain} by layer and expert, percent`}
        of="load"
        corner="layer"
        columns={Array.from({ length: experts.experts }, (_, expert) => `${expert}`)}
        rows={values.map((row, layer) => ({
          key: `${layer}`,
          title: `${layer}`,
          cells: row.map((value, expert) => cell(value, layer, expert)),
        }))}
      />
    </Panel>
  );
}

function Choice({
  label,
  options,
  value,
  onChange,
}: {
  label: string;
  options: readonly (readonly [value: string, title: string])[];
  value: string;
  onChange: (value: string) => void;
}) {
  return (
    <fieldset class="choice">
      <legend>{label}</legend>
      {options.map(([option, title]) => (
        <button key={option} type="button" aria-pressed={option === value} onClick={() => onChange(option)}>
          {title}
        </button>
      ))}
    </fieldset>
  );
}

function Drifts({ experts }: { experts: ExpertsAnswer }) {
  const { drifts, owners } = experts;
  const groups = [...new Set(owners.map(({ group }) => group))];
  const layers = [...new Set(owners.map(({ layer }) => layer))].sort((a, b) => a - b);
  const largest = Math.max(1e-9, ...drifts.map(({ sinceBase }) => sinceBase));
  const byPlace = new Map(drifts.map((drift) => [`${drift.layer}/${drift.expert}`, drift.sinceBase]));
  return (
    <Panel
      title="Who owns what, and how far it has moved"
      note={<Figure of="drift">% of the expert’s norm, since the base model</Figure>}
    >
      {layers.map((layer) => (
        <div key={layer} class="layer-groups">
          <h3>layer {layer}</h3>
          {groups.map((group, color) => (
            <ul key={group} class="experts" aria-label={`Experts of group ${group} in layer ${layer}`}>
              <li class={`group-name series-${color}`}>{group}</li>
              {owners
                .filter((owner) => owner.layer === layer && owner.group === group)
                .map(({ expert }) => {
                  const moved = byPlace.get(`${layer}/${expert}`) ?? null;
                  return (
                    <li key={expert}>
                      <Figure of="drift" at={`group ${group}, layer ${layer}, expert ${expert}`}>
                        <span class="expert-number">{expert}</span>
                        <meter
                          class={`series-${color}`}
                          min={0}
                          max={largest}
                          value={moved ?? 0}
                          aria-label={`expert ${expert}`}
                        />
                        <span class="expert-moved">{moved === null ? '–' : percent(moved)}</span>
                      </Figure>
                    </li>
                  );
                })}
            </ul>
          ))}
        </div>
      ))}
    </Panel>
  );
}

function Overlap({ experts }: { experts: ExpertsAnswer }) {
  const rows = [...experts.overlap].sort((a, b) => b.share - a.share);
  return (
    <Panel title="Overlap of domains" note={<Figure of="overlap">share of routing load in common</Figure>}>
      <p class="quiet">
        Groups of one run own disjoint experts. Domains still share load: what one domain trains moves what
        the others use.
      </p>
      <Table
        caption="Routing load that two domains have in common"
        rows={rows}
        keyOf={({ a, b }) => `${a}/${b}`}
        columns={[
          { title: 'domains', cell: ({ a, b }) => `${a} and ${b}` },
          {
            title: 'in common',
            of: 'overlap',
            align: 'right',
            cell: ({ share }) => (
              <>
                <meter min={0} max={1} value={share} aria-hidden="true" /> {percent(share, 0)}
              </>
            ),
          },
        ]}
      />
    </Panel>
  );
}

type ShownUpdates = NonNullable<ExpertsAnswer['updates']>;

/** One heat map for each group: its miners' updates by expert. */
function Updates({ updates: { round, opened, rows } }: { updates: ShownUpdates }) {
  // Of what was merged where anything was: one that overflows would leave the others without colour.
  const merged = rows.filter(({ mergeWeight }) => mergeWeight > 0);
  const scaled = merged.length > 0 ? merged : rows;
  const largest = Math.max(1e-12, ...scaled.flatMap(({ experts }) => experts.map(({ norm }) => norm)));
  return (
    <Panel
      title="How far each update moves each expert"
      class="span"
      note={
        <Figure of="norm" at={`round ${round}, ${rows.length} valid of ${opened} reveals opened`}>
          ‖local − global‖, updates of round <a href={linkTo('rounds', round)}>{round}</a>
        </Figure>
      }
    >
      {rows.length === 0 && <p class="quiet">No valid update was revealed in round {round}.</p>}
      {[...Map.groupBy(rows, ({ group }) => group)].map(([group, own]) => (
        <div key={group} class="layer-groups">
          <h3>{group}</h3>
          <HeatMap
            caption={`Norms of the updates of group ${group} by miner and expert`}
            of="norm"
            corner="miner"
            columns={['all', ...own[0]!.experts.map(({ layer, expert }) => `${layer}/${expert}`)]}
            rows={own.map(({ hotkey, name, uid, norm, mergeWeight, experts }) => {
              const became = mergeWeight > 0 ? `merged with weight ${percent(mergeWeight)}` : 'not merged';
              return {
                key: hotkey,
                title: <Person hotkey={hotkey} name={name} />,
                cells: [
                  { level: 0, text: norm.toPrecision(3), at: `uid ${uid}, whole update; ${became}` },
                  ...experts.map((each) => ({
                    level: Math.min(1, each.norm / largest),
                    text: each.norm.toPrecision(2),
                    at: `uid ${uid}, layer ${each.layer}, expert ${each.expert}; ${became}`,
                  })),
                ],
              };
            })}
          />
        </div>
      ))}
      <p class="quiet">Columns are layer/expert.</p>
    </Panel>
  );
}
