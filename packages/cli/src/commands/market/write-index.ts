import { EMPTY_INDEX, encodeIndex, indexChannels, openChannel, type RefusedVersion } from '@connito/market';
import { CHECKPOINT_FILES } from '@connito/model';
import { hasCode, systemCode, writeDurably } from '@connito/node';
import type { CommandContext } from '../../command/context.ts';
import { credentialsOf, rulesOf } from '../package/rules.ts';
import { baseHashOfFolder, readIndex } from './index-file.ts';
import type { IndexOptions } from './options.ts';

export async function writeIndex(options: IndexOptions, context: CommandContext): Promise<void> {
  const { channels, out, base, json } = options;
  const opened = channels.map((address) => openChannel(address, credentialsOf(context)));
  const before = await readIndex(out).catch((error: unknown) => {
    const isNew = hasCode(error, 'file_unusable') && systemCode(error.cause) === 'ENOENT';
    if (isNew) return EMPTY_INDEX;
    throw error;
  });
  const baseHash = base === undefined ? {} : { baseHash: await baseHashOfFolder(base, CHECKPOINT_FILES) };
  const { index, refused } = await indexChannels(opened, before, { ...rulesOf(options), ...baseHash });
  await writeDurably(out, encodeIndex(index));
  if (json === true) {
    const object = {
      type: 'index',
      out,
      packages: index.entries.length,
      notices: index.notices.length,
      refused,
    };
    context.stdout.write(`${JSON.stringify(object)}\n`);
    return;
  }
  tellRefused(refused, context);
  context.stdout.write(
    `${index.entries.length} packages and ${index.notices.length} notices are in ${out}.\n`,
  );
}

/** Each channel, package or version that an index leaves out, on standard error. */
export function tellRefused(refused: readonly RefusedVersion[], { stderr }: CommandContext): void {
  for (const { channel, name, version, message } of refused) {
    const what = name === null ? channel : `${[name, version].filter(Boolean).join(' ')} of ${channel}`;
    stderr.write(`left out ${what}: ${message}\n`);
  }
}
