import type { LearningAnswer } from '../../api/schemas/learning.ts';
import { loss, withSign } from '../data/format.ts';
import { useResource } from '../data/resource.ts';
import { Chart, type Mark } from '../parts/chart.tsx';
import { Figure } from '../parts/figure.tsx';
import { HeatMap } from '../parts/heat-map.tsx';
import { Interval } from '../parts/interval.tsx';
import { Loaded, Panel } from '../parts/panel.tsx';
import { Table } from '../parts/table.tsx';

type DomainSeries = LearningAnswer['domains'][number];

/** States in the matrix: as many as fit beside each other. */
const MATRIX_COLUMNS = 16;

export function LearningView() {
  const learning = useResource<LearningAnswer>('/learning', ['measured', 'round']);
  return (
    <Loaded resource={learning.value}>
      {(data) =>
        data.domains.length === 0 ? (
          <Panel title="Learning">
            <p class="quiet">
              No state was measured yet. The base model is measured first, then each round’s state.
            </p>
          </Panel>
        ) : (
          <Charts learning={data} />
        )
      }
    </Loaded>
  );
}

function Charts({ learning }: { learning: LearningAnswer }) {
  const { domains, merges, every } = learning;
  const ordered = [...domains].sort((a, b) => Number(b.trained) - Number(a.trained));
  const rounds = [...new Set(ordered.flatMap(({ points }) => points.map(({ round }) => round)))].sort(
    (a, b) => a - b,
  );
  const values = (of: DomainSeries, field: 'loss' | 'bitsPerByte' | 'fall' | 'low' | 'high', factor = 1) => {
    const byRound = new Map(of.points.map((point) => [point.round, point[field]]));
    return rounds.map((round) => {
      const value = byRound.get(round) ?? null;
      return value === null ? null : value * factor;
    });
  };
  const marks = merges.map(markOf);
  const steps = (of: DomainSeries, field: 'gain' | 'low' | 'high') => {
    const byRound = new Map(of.points.map(({ round, step }) => [round, step?.[field] ?? null]));
    return rounds.map((round) => {
      const value = byRound.get(round) ?? null;
      return value === null ? null : 1000 * value;
    });
  };
  const thinned = every === 1 ? undefined : `Every ${every}th state is drawn; none is averaged.`;
  const hasBits = ordered.some(({ points }) => points.some(({ bitsPerByte }) => bitsPerByte !== null));
  return (
    <div class="grid two">
      <Panel
        title="Fall since the base model"
        note={
          <Figure of="fall">{thinned ?? 'millinats per token, with 95 % intervals; up is better'}</Figure>
        }
        class="span"
      >
        <Chart
          label="Fall of the held-out loss since the base model, millinats per token, by round"
          rounds={rounds}
          height={280}
          marks={marks}
          format={(value) => withSign(value, 1)}
          series={ordered.map((domain, i) => ({
            label: nameOf(domain),
            color: i,
            dashed: !domain.trained,
            values: values(domain, 'fall', 1000),
            low: values(domain, 'low', 1000),
            high: values(domain, 'high', 1000),
          }))}
        />
        <p class="quiet">
          On the axis: <b class="good">long tick</b>, updates merged; short tick, no step was taken;{' '}
          <b class="bad">longest tick</b>, void round. A point is the state after its round; 0 is the base
          model.
        </p>
      </Panel>
      <Panel
        title="What each round gave"
        class="span"
        note={
          <Figure of="gain">
            millinats per token against the round before, with 95 % intervals; up is better
          </Figure>
        }
      >
        <Chart
          label="Fall of the held-out loss against the round before, millinats per token, by round"
          rounds={rounds}
          marks={marks}
          format={(value) => withSign(value, 1)}
          series={ordered.map((domain, i) => ({
            label: nameOf(domain),
            color: i,
            dashed: !domain.trained,
            values: steps(domain, 'gain'),
            low: steps(domain, 'low'),
            high: steps(domain, 'high'),
          }))}
        />
      </Panel>
      <Panel title="Held-out loss" note={<Figure of="loss">nats per token; down is better</Figure>}>
        <Chart
          label="Held-out loss in nats per token, by round"
          rounds={rounds}
          marks={marks}
          format={(value) => value.toFixed(3)}
          series={ordered.map((domain, i) => ({
            label: nameOf(domain),
            color: i,
            dashed: !domain.trained,
            values: values(domain, 'loss'),
          }))}
        />
      </Panel>
      {hasBits && (
        <Panel
          title="Bits per byte"
          note={<Figure of="bits">comparable across tokenizers; down is better</Figure>}
        >
          <Chart
            label="Bits per byte, by round"
            rounds={rounds}
            marks={marks}
            format={(value) => value.toFixed(3)}
            series={ordered.map((domain, i) => ({
              label: nameOf(domain),
              color: i,
              dashed: !domain.trained,
              values: values(domain, 'bitsPerByte'),
            }))}
          />
        </Panel>
      )}
      <Forgetting domains={ordered} rounds={rounds} />
      <Latest domains={ordered} merges={merges} />
    </div>
  );
}

/** A round is marked at the state that follows from it. */
function markOf({ round, outcome, groups }: LearningAnswer['merges'][number]): Mark {
  if (outcome === 'void') return { round: round + 1, kind: 'void', text: 'void' };
  const stepped = groups.filter(({ scale }) => scale > 0);
  if (stepped.length === 0) return { round: round + 1, kind: 'stood', text: 'no step' };
  const text = stepped
    .map(({ group, mergedUpdates, scale }) => `${group}: ${mergedUpdates} × ${scale}`)
    .join(', ');
  return { round: round + 1, kind: 'merged', text };
}

function nameOf({ domain, trained }: DomainSeries): string {
  return trained ? domain : `${domain} (general)`;
}

function Forgetting({ domains, rounds }: { domains: readonly DomainSeries[]; rounds: readonly number[] }) {
  const after = rounds.filter((round) => round > 0);
  const every = Math.max(1, Math.ceil(after.length / MATRIX_COLUMNS));
  const columns = after.filter((_, i) => (after.length - 1 - i) % every === 0);
  const largest = Math.max(
    1e-9,
    ...domains.flatMap(({ points }) => points.map(({ fall }) => Math.abs(fall))),
  );
  return (
    <Panel
      title="Learned and forgotten"
      class="span"
      note={<Figure of="fall">fall since the base model, millinats per token; red is forgotten</Figure>}
    >
      <HeatMap
        caption="Fall of each domain’s loss since the base model, by round"
        of="fall"
        corner="after round"
        columns={columns.map((round) => `${round - 1}`)}
        rows={domains.map((domain) => {
          const byRound = new Map(domain.points.map((point) => [point.round, point]));
          return {
            key: domain.domain,
            title: nameOf(domain),
            cells: columns.map((round) => {
              const point = byRound.get(round);
              if (point === undefined)
                return { level: null, text: '', at: `the state after round ${round - 1} was not measured` };
              const { fall, low, high } = point;
              const at = `after round ${round - 1}: ${withSign(fall * 1000, 2)} (${withSign(low * 1000, 2)} to ${withSign(high * 1000, 2)})`;
              // Square root: what is forgotten is small beside what is learned, and matters as much.
              return {
                level: Math.sign(fall) * Math.sqrt(Math.abs(fall) / largest),
                text: withSign(fall * 1000, 0),
                at,
              };
            }),
          };
        })}
      />
    </Panel>
  );
}

function Latest({ domains, merges }: { domains: readonly DomainSeries[]; merges: LearningAnswer['merges'] }) {
  const last = merges.at(-1);
  return (
    <Panel
      title="Newest state"
      class="span"
      note={last === undefined ? undefined : `after round ${last.round}`}
    >
      <Table<DomainSeries>
        caption="Every domain’s loss under the newest measured state"
        rows={domains}
        keyOf={({ domain }) => domain}
        columns={[
          { title: 'domain', cell: nameOf },
          {
            title: 'base',
            of: 'loss',
            align: 'right',
            cell: ({ points }) => at(points, 0, (point) => loss(point.loss)),
          },
          {
            title: 'now',
            of: 'loss',
            align: 'right',
            cell: ({ points }) => at(points, -1, (point) => loss(point.loss)),
          },
          {
            title: 'fall, millinats (95 %)',
            of: 'fall',
            align: 'right',
            cell: ({ points }) =>
              at(points, -1, ({ fall, low, high }) => <Interval step={{ gain: fall, low, high }} />),
          },
          {
            title: 'last round, millinats (95 %)',
            of: 'gain',
            align: 'right',
            wide: true,
            cell: ({ points }) => at(points, -1, ({ step }) => <Interval step={step} />),
          },
          {
            title: 'bits per byte',
            of: 'bits',
            align: 'right',
            cell: ({ points }) =>
              at(points, -1, ({ bitsPerByte }) => (bitsPerByte === null ? '–' : bitsPerByte.toFixed(3))),
          },
          {
            title: 'last merge',
            of: 'merge',
            align: 'right',
            wide: true,
            cell: ({ domain }) => {
              const group = last?.groups.find((candidate) => candidate.group === domain);
              if (group === undefined) return '';
              return group.scale === 0 ? 'stood' : `${group.mergedUpdates} updates × ${group.scale}`;
            },
          },
        ]}
      />
    </Panel>
  );
}

function at<T>(
  points: DomainSeries['points'],
  index: number,
  show: (point: DomainSeries['points'][number]) => T,
): T | string {
  const point = points.at(index);
  return point === undefined ? '–' : show(point);
}
