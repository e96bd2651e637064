import { EMPTY_INDEX, indexChannels, openChannel, searchIndex, statusOf } from '@connito/market';
import { CHECKPOINT_FILES } from '@connito/model';
import type { CommandContext } from '../../command/context.ts';
import { formatTable } from '../../command/table.ts';
import { cliError } from '../../errors.ts';
import { baseHashOfFolder, readIndex } from '../market/index-file.ts';
import { tellRefused } from '../market/write-index.ts';
import { entryColumns } from './figures.ts';
import type { SearchOptions } from './options.ts';
import { credentialsOf } from './rules.ts';

export async function search(options: SearchOptions, context: CommandContext): Promise<void> {
  const { words, domain, maxPrice, json, licence } = options;
  const stored = options.index === undefined ? EMPTY_INDEX : await readIndex(options.index);
  if (options.index === undefined && options.from.length === 0) {
    throw cliError('invalid_option', '--index: name an index, or channels with --from');
  }
  const channels = options.from.map((address) => openChannel(address, credentialsOf(context)));
  const { index: fresh, refused } =
    channels.length === 0 ? { index: stored, refused: [] } : await indexChannels(channels, stored);
  tellRefused(refused, context);
  const found = searchIndex(fresh, {
    text: words.join(' '),
    activeOnly: options.all !== true,
    ...(domain === undefined ? {} : { domain }),
    ...(options.base === undefined ? {} : { base: await baseHashOfFolder(options.base, CHECKPOINT_FILES) }),
    ...(licence.length === 0 ? {} : { licences: licence }),
    ...(maxPrice === undefined ? {} : { maxPricePerMillionTokens: maxPrice }),
  });
  if (json === true) {
    const packages = found.map((entry) => ({ ...entry, status: statusOf(fresh, entry) }));
    context.stdout.write(`${JSON.stringify({ type: 'packages', packages })}\n`);
    return;
  }
  if (found.length === 0) {
    context.stdout.write('No package fits.\n');
    return;
  }
  const columns = entryColumns((entry) => statusOf(fresh, entry));
  context.stdout.write(`${formatTable(columns, found).join('\n')}\n`);
}
