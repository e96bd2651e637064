/** A column of fixed width. The last column of a row may be cut to what is left. */
export type ViewColumn<Row> = {
  readonly title: string;
  readonly width: number;
  readonly align?: 'left' | 'right';
  readonly value: (row: Row) => string;
  readonly paint?: (text: string, row: Row) => string;
  /** Columns with higher numbers go first where the terminal is too narrow; 0 always stays. */
  readonly dropOrder: number;
};

const GAP = '  ';

/** The columns that fit a width, in their order, dropping the least important ones. */
export function fittingColumns<Row>(
  columns: readonly ViewColumn<Row>[],
  width: number,
): readonly ViewColumn<Row>[] {
  let kept = columns;
  const needed = () => kept.reduce((sum, column) => sum + column.width + GAP.length, -GAP.length);
  while (needed() > width) {
    const worst = kept.reduce((a, b) => (b.dropOrder > a.dropOrder ? b : a));
    if (worst.dropOrder === 0) break;
    kept = kept.filter((column) => column !== worst);
  }
  return kept;
}

/** One row as a line of at most `width` characters. Padding comes before paint, so that colours take no room. */
export function formatRow<Row>(columns: readonly ViewColumn<Row>[], row: Row, width: number): string {
  return joined(columns, width, ({ value, paint }) => ({
    text: value(row),
    paint: (text) => paint?.(text, row) ?? text,
  }));
}

export function formatTitles<Row>(
  columns: readonly ViewColumn<Row>[],
  width: number,
  paint: (text: string) => string,
): string {
  return joined(columns, width, ({ title }) => ({ text: title, paint }));
}

function joined<Row>(
  columns: readonly ViewColumn<Row>[],
  width: number,
  cellOf: (column: ViewColumn<Row>) => { readonly text: string; readonly paint: (text: string) => string },
): string {
  let left = width;
  const cells: string[] = [];
  for (const [i, column] of columns.entries()) {
    if (left <= 0) break;
    const { text, paint } = cellOf(column);
    const isLast = i === columns.length - 1;
    const room = Math.min(left, isLast ? left : column.width);
    const cut = truncate(text, room);
    const padded =
      column.align === 'right'
        ? cut.padStart(Math.min(room, column.width))
        : cut.padEnd(isLast ? 0 : Math.min(room, column.width));
    cells.push(paint(padded));
    left -= padded.length + GAP.length;
  }
  return cells.join(GAP);
}

/** Text of at most `width` characters, with an ellipsis where it was cut. */
export function truncate(text: string, width: number): string {
  if (text.length <= width) return text;
  return width <= 0 ? '' : `${text.slice(0, width - 1)}…`;
}
