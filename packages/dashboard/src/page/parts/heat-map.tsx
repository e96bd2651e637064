import type { ComponentChildren } from 'preact';
import type { FigureKind } from '../data/figures.ts';

export type HeatCell = {
  /** −1 to 1 for two-sided scales, 0 to 1 for one-sided ones; null is unknown. */
  readonly level: number | null;
  readonly text: string;
  /** Where the figure stands. */
  readonly at: string;
  /** Drawn with a frame: the cell belongs to somebody. */
  readonly framed?: boolean;
};

/** A table whose cells are coloured by value; the value is in each cell for those who do not see colours. */
export function HeatMap({
  caption,
  of,
  columns,
  rows,
  corner,
  compact = false,
}: {
  caption: string;
  of: FigureKind;
  columns: readonly string[];
  rows: readonly {
    readonly title: ComponentChildren;
    readonly key: string;
    readonly cells: readonly HeatCell[];
  }[];
  corner: string;
  compact?: boolean;
}) {
  return (
    <div class="table-box">
      <table class={`heat ${compact ? 'compact' : ''}`}>
        <caption class="sr-only">{caption}</caption>
        <thead>
          <tr>
            <th scope="col">{corner}</th>
            {columns.map((column) => (
              <th key={column} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ title, key, cells }) => (
            <tr key={key}>
              <th scope="row">{title}</th>
              {cells.map((cell, i) => (
                <td
                  key={columns[i]}
                  class={`figure ${cell.framed === true ? 'framed' : ''} ${bucketClass(cell.level)}`}
                  data-figure={of}
                  data-at={cell.at}
                >
                  <span>{cell.text}</span>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Ten steps of colour in each direction. */
function bucketClass(level: number | null): string {
  if (level === null) return 'unknown';
  const step = Math.min(10, Math.round(10 * Math.abs(level)));
  return `${level < 0 ? 'minus' : 'plus'}-${step}`;
}
