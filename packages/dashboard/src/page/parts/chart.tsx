import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { theme } from '../data/preferences.ts';

export type Series = {
  readonly label: string;
  /** Index of the domain's colour. */
  readonly color: number;
  readonly values: readonly (number | null)[];
  /** Bounds of an interval to shade, as long as `values`. */
  readonly low?: readonly (number | null)[];
  readonly high?: readonly (number | null)[];
  readonly dashed?: boolean;
};

/** What happened at a round. Told by length and place as well as by colour. */
export type Mark = {
  readonly round: number;
  readonly kind: 'merged' | 'stood' | 'void';
  readonly text: string;
};

export type ChartProps = {
  readonly label: string;
  readonly rounds: readonly number[];
  readonly series: readonly Series[];
  readonly format: (value: number) => string;
  readonly height?: number;
  /** Drawn on the axis, told in the legend and in the table. */
  readonly marks?: readonly Mark[];
};

const MARKS: Readonly<Record<Mark['kind'], { readonly ink: string; readonly length: number }>> = {
  merged: { ink: '--good', length: 8 },
  stood: { ink: '--quiet', length: 4 },
  void: { ink: '--bad', length: 14 },
};

/**
 * Lines over rounds. The pointer reads values off the legend; a table below it holds them for everybody else, made when it is
 * opened: its cells are most of what a long run would put into the page.
 */
export function Chart({ label, rounds, series, format, height = 240, marks = [] }: ChartProps) {
  const [isTableOpen, setTableOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const shape = series.map((one) => `${one.label}/${one.low === undefined}`).join();
  const themeNow = theme.value;
  const data = chartData(rounds, series);
  const latest = useRef({ data, marks });
  latest.current = { data, marks };
  useEffect(() => {
    const element = box.current!;
    const made = new uPlot(
      optionsOf({
        label,
        series,
        format,
        height,
        width: element.clientWidth,
        marks: () => latest.current.marks,
      }),
      latest.current.data,
      element,
    );
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    const redraw = (): void => made.redraw(false);
    scheme.addEventListener('change', redraw);
    return () => {
      scheme.removeEventListener('change', redraw);
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [shape, height, themeNow]);

  useEffect(() => plot.current?.setData(latest.current.data), [data]);

  return (
    <figure class="chart" aria-label={label}>
      <div ref={box} aria-hidden="true" />
      <details onToggle={(event) => setTableOpen(event.currentTarget.open)}>
        <summary>As a table</summary>
        {isTableOpen && (
          <ValueTable label={label} rounds={rounds} series={series} format={format} marks={marks} />
        )}
      </details>
    </figure>
  );
}

type ValueTableProps = Required<Omit<ChartProps, 'height'>>;

function ValueTable({ label, rounds, series, format, marks }: ValueTableProps) {
  const texts = new Map(marks.map(({ round, text }) => [round, text]));
  return (
    <div class="table-box low">
      <table>
        <caption class="sr-only">{label}</caption>
        <thead>
          <tr>
            <th scope="col">round</th>
            {series.map((one) => (
              <th key={one.label} scope="col" class="right">
                {one.label}
              </th>
            ))}
            {marks.length > 0 && <th scope="col">merge</th>}
          </tr>
        </thead>
        <tbody>
          {rounds.map((round, i) => (
            <tr key={round}>
              <th scope="row">{round}</th>
              {series.map(({ label: name, values, low, high }) => (
                <td key={name} class="right">
                  {values[i] == null ? '–' : format(values[i])}
                  {low?.[i] != null && high?.[i] != null && ` (${format(low[i])} to ${format(high[i])})`}
                </td>
              ))}
              {marks.length > 0 && <td>{texts.get(round) ?? ''}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function textAt(marks: readonly Mark[], round: number): string | null {
  return marks.find((mark) => mark.round === round)?.text ?? null;
}

function chartData(rounds: readonly number[], series: readonly Series[]): uPlot.AlignedData {
  const columns = series.flatMap(({ values, low, high }) =>
    low === undefined || high === undefined ? [[...values]] : [[...values], [...low], [...high]],
  );
  return [[...rounds], ...columns];
}

/** A colour of the style sheet as the canvas takes it: resolved for the theme that is shown. */
function color(name: string): string {
  const { body } = document;
  const probe = document.createElement('i');
  probe.style.color = `var(${name})`;
  body.append(probe);
  const resolved = getComputedStyle(probe).color;
  probe.remove();
  return resolved;
}

/** Colours are read when drawn, so that a change of theme needs no new chart. */
function optionsOf({
  label,
  series,
  format,
  height,
  width,
  marks,
}: Pick<ChartProps, 'label' | 'series' | 'format'> & {
  height: number;
  width: number;
  marks: () => readonly Mark[];
}): uPlot.Options {
  const lines: uPlot.Series[] = [
    {
      label: 'round',
      value: (_, value) => {
        if (value === null) return '–';
        const text = textAt(marks(), value);
        return text === null ? `${value}` : `${value} (${text})`;
      },
    },
  ];
  const bands: uPlot.Band[] = [];
  for (const { label: name, color: index, low, dashed } of series) {
    const stroke = (): string => color(`--series-${index}`);
    lines.push({
      label: name,
      stroke,
      width: 1.75,
      points: { show: false },
      spanGaps: true,
      ...(dashed === true ? { dash: [5, 4] } : {}),
      value: (_, value) => (value === null || value === undefined ? '–' : format(value)),
    });
    if (low === undefined) continue;
    const at = lines.length;
    const bound = {
      class: 'bound',
      stroke: () => 'transparent',
      width: 0,
      points: { show: false },
      spanGaps: true,
    };
    lines.push({ ...bound, label: `${name} low` }, { ...bound, label: `${name} high` });
    bands.push({ series: [at + 1, at], fill: () => color(`--band-${index}`) });
  }
  const axis: uPlot.Axis = {
    stroke: () => color('--quiet'),
    grid: { stroke: () => color('--line'), width: 1 },
    ticks: { stroke: () => color('--line'), width: 1, size: 4 },
    font: '11px ui-sans-serif, system-ui, sans-serif',
  };
  return {
    title: '',
    width,
    height,
    series: lines,
    bands,
    scales: { x: { time: false } },
    cursor: { points: { size: 6 }, drag: { x: false, y: false } },
    legend: { live: true },
    axes: [
      { ...axis, size: 28, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000], space: 40 },
      { ...axis, size: 56, values: (_, ticks) => ticks.map(format) },
    ],
    hooks: {
      ready: [(made) => made.root.setAttribute('data-chart', label)],
      draw: [
        ({ ctx, bbox, valToPos }) => {
          ctx.save();
          for (const [kind, { ink, length }] of Object.entries(MARKS)) {
            ctx.fillStyle = color(ink);
            for (const mark of marks()) {
              const x = valToPos(mark.round, 'x', true);
              if (mark.kind !== kind || x < bbox.left || x > bbox.left + bbox.width) continue;
              ctx.fillRect(x - 1, bbox.top + bbox.height - length, 2, length);
            }
          }
          ctx.restore();
        },
      ],
    },
  };
}
