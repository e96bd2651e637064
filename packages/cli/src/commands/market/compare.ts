import { latestNotice, resolveVersion, statusOf } from '@connito/market';
import type { CommandContext } from '../../command/context.ts';
import { formatTable } from '../../command/table.ts';
import { entryColumns } from '../package/figures.ts';
import { readIndex } from './index-file.ts';
import type { CompareOptions } from './options.ts';

export async function compare(options: CompareOptions, { stdout }: CommandContext): Promise<void> {
  const index = await readIndex(options.index);
  const entries = options.specs.map(({ name, range }) =>
    resolveVersion(index, name, range, options.trust ?? undefined),
  );
  if (options.json === true) {
    const packages = entries.map((entry) => ({
      ...entry,
      status: statusOf(index, entry),
      notice: latestNotice(index, entry)?.notice ?? null,
    }));
    stdout.write(`${JSON.stringify({ type: 'packages', packages })}\n`);
    return;
  }
  // A column for each package, so that one property's values stand beside each other.
  const properties = entryColumns((entry) => statusOf(index, entry));
  const [title, ...rest] = properties;
  const columns = [
    { title: title!.title, value: (property: (typeof properties)[number]) => property.title },
    ...entries.map((entry) => ({
      title: title!.value(entry),
      value: (property: (typeof properties)[number]) => property.value(entry),
    })),
  ];
  stdout.write(`${formatTable(columns, rest).join('\n')}\n`);
}
