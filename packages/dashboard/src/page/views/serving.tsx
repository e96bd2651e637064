import type { ServingAnswer } from '../../api/schemas/serving.ts';
import { bytes, clockTime, integer, latency, seconds } from '../data/format.ts';
import { useResource } from '../data/resource.ts';
import { Figure } from '../parts/figure.tsx';
import { Loaded, Panel } from '../parts/panel.tsx';
import { Table } from '../parts/table.tsx';

type Model = ServingAnswer['models'][number];
type Latency = Model['answer'];

export function ServingView() {
  const serving = useResource<ServingAnswer>('/serving', ['serving']);
  return (
    <Loaded resource={serving.value}>
      {(data) =>
        data.readAtMs === null ? (
          <Panel title="Serving">
            <p class="quiet">
              {data.configured
                ? 'The server could not be read yet.'
                : 'No server of models is shown here: start the dashboard with --serving URL.'}
            </p>
          </Panel>
        ) : (
          <div class="stack">
            <Models serving={data} />
            <Experts models={data.models} />
            <Requests serving={data} />
          </div>
        )
      }
    </Loaded>
  );
}

function Models({ serving: { models, url, readAtMs, windowSeconds } }: { serving: ServingAnswer }) {
  return (
    <Panel
      title="Models"
      note={
        <Figure of="served" at={url ?? undefined}>
          {url}, read at {clockTime(readAtMs ?? 0)}
        </Figure>
      }
    >
      <Table<Model>
        caption="Models that are served"
        rows={models}
        keyOf={({ id }) => id}
        columns={[
          {
            title: 'model',
            of: 'served',
            cell: ({ id, engine, version, context }) => (
              <Figure of="served" at={`${engine}, version ${version}, ${integer(context)} tokens of context`}>
                <b class="stranger">{id}</b>
              </Figure>
            ),
          },
          { title: 'version', of: 'served', align: 'right', wide: true, cell: ({ version }) => version },
          { title: 'engine', of: 'served', wide: true, cell: ({ engine }) => engine },
          {
            title: 'writing',
            of: 'servingLoad',
            align: 'right',
            cell: ({ running, waiting }) => (
              <Figure of="servingLoad" at={`${waiting} wait for their turn`}>
                {running} + {waiting}
              </Figure>
            ),
          },
          {
            title: 'tokens / s',
            of: 'servingSpeed',
            align: 'right',
            cell: ({ tokensPerSecond }) => (
              <Figure
                of="servingSpeed"
                at={windowSeconds === null ? 'one scrape so far' : `over ${seconds(windowSeconds)}`}
              >
                {tokensPerSecond === null ? '–' : tokensPerSecond.toFixed(1)}
              </Figure>
            ),
          },
          {
            title: 'first token',
            of: 'servingLatency',
            align: 'right',
            cell: ({ firstToken }) => <Times times={firstToken} />,
          },
          {
            title: 'whole answer',
            of: 'servingLatency',
            align: 'right',
            wide: true,
            cell: ({ answer }) => <Times times={answer} />,
          },
          {
            title: 'read',
            of: 'servingLoad',
            align: 'right',
            wide: true,
            cell: ({ promptTokens }) => integer(promptTokens),
          },
          {
            title: 'written',
            of: 'servingLoad',
            align: 'right',
            cell: ({ completionTokens }) => integer(completionTokens),
          },
          {
            title: 'left early',
            of: 'servingLoad',
            align: 'right',
            wide: true,
            cell: ({ cancelled }) => integer(cancelled),
          },
          {
            title: 'cache',
            of: 'servingLoad',
            align: 'right',
            wide: true,
            cell: ({ cacheBytes }) => bytes(cacheBytes),
          },
        ]}
      />
    </Panel>
  );
}

function Times({ times }: { times: Latency }) {
  const { count, meanSeconds, medianAtMostSeconds: median, p99AtMostSeconds: p99 } = times;
  if (meanSeconds === null) return <>–</>;
  const bound = (value: number | null): string =>
    value === null ? 'beyond the last bound' : `≤ ${latency(value)}`;
  return (
    <Figure of="servingLatency" at={`${integer(count)} answers; median ${bound(median)}, p99 ${bound(p99)}`}>
      {latency(meanSeconds)} <span class="quiet">p99 {p99 === null ? '?' : bound(p99)}</span>
    </Figure>
  );
}

function Experts({ models }: { models: readonly Model[] }) {
  const rows = models.flatMap(({ id, packages, packageTokens }) => {
    const used = new Map(packageTokens.map(({ package: name, tokens }) => [name, tokens]));
    return [...new Set([...packages, ...used.keys()])].map((name) => ({
      model: id,
      name,
      tokens: used.get(name) ?? 0,
      isServed: packages.includes(name),
    }));
  });
  const most = Math.max(1, ...rows.map(({ tokens }) => tokens));
  return (
    <Panel
      title="Whose experts answer"
      note={<Figure of="servingExperts">tokens since the server started</Figure>}
    >
      <Table
        caption="Tokens by model and package"
        rows={rows}
        keyOf={({ model, name }) => `${model}/${name}`}
        empty="No engine here says which experts answer."
        columns={[
          { title: 'model', cell: ({ model }) => <span class="stranger">{model}</span> },
          {
            title: 'package',
            cell: ({ name, isServed }) => (
              <>
                <span class="stranger">{name}</span>
                {!isServed && name !== 'base' && <span class="quiet"> (of an earlier version)</span>}
              </>
            ),
          },
          {
            title: 'tokens',
            of: 'servingExperts',
            align: 'right',
            cell: ({ tokens, model, name }) => (
              <Figure of="servingExperts" at={`${name} in ${model}`}>
                <meter class="series-0" min={0} max={most} value={tokens} aria-hidden="true" />{' '}
                {integer(tokens)}
              </Figure>
            ),
          },
        ]}
      />
    </Panel>
  );
}

function Requests({ serving: { requests } }: { serving: ServingAnswer }) {
  return (
    <Panel title="Requests" note={<Figure of="servingLoad">answered since the server started</Figure>}>
      <Table
        caption="Requests by route and status"
        rows={[...requests].sort((a, b) => b.count - a.count)}
        keyOf={({ route, status }) => `${route}/${status}`}
        columns={[
          { title: 'route', cell: ({ route }) => <code>{route}</code> },
          {
            title: 'status',
            align: 'right',
            cell: ({ status }) => <span class={/^[23]/.test(status) ? '' : 'bad'}>{status}</span>,
          },
          { title: 'requests', of: 'servingLoad', align: 'right', cell: ({ count }) => integer(count) },
        ]}
      />
    </Panel>
  );
}
