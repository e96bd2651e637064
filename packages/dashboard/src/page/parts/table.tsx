import type { ComponentChildren } from 'preact';
import type { FigureKind } from '../data/figures.ts';

export type Column<Row> = {
  readonly title: string;
  readonly of?: FigureKind;
  readonly align?: 'right';
  /** Shown on wide screens only. */
  readonly wide?: boolean;
  readonly cell: (row: Row) => ComponentChildren;
};

export type TableProps<Row> = {
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string | number;
  readonly rowClass?: (row: Row) => string;
  readonly empty?: string;
};

/** A table whose headings tell where their columns come from. */
export function Table<Row>({
  caption,
  columns,
  rows,
  keyOf,
  rowClass,
  empty = 'Nothing yet.',
}: TableProps<Row>) {
  return (
    <div class="table-box">
      <table class="data">
        <caption class="sr-only">{caption}</caption>
        <thead>
          <tr>
            {columns.map(({ title, of, align, wide }, i) => (
              <th key={title} scope="col" class={classOf(align, wide, i < columns.length - 1)}>
                {of === undefined ? (
                  title
                ) : (
                  <button type="button" class="figure head" data-figure={of} aria-describedby="origin">
                    {title}
                  </button>
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)} class={rowClass?.(row) ?? ''}>
              {columns.map(({ title, align, wide, cell }, i) => (
                <td key={title} class={classOf(align, wide, i < columns.length - 1)}>
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
          {rows.length === 0 && (
            <tr>
              <td colSpan={columns.length} class="empty">
                {empty}
              </td>
            </tr>
          )}
        </tbody>
      </table>
    </div>
  );
}

function classOf(align: 'right' | undefined, wide: boolean | undefined, narrow: boolean): string {
  return `${align === 'right' ? 'right' : ''} ${wide === true ? 'wide' : ''} ${narrow ? 'narrow' : ''}`;
}
