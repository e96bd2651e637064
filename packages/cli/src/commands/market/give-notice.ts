import {
  encodeIndex,
  type IndexEntry,
  latestNotice,
  type NoticeKind,
  type PackageIndex,
  signNotice,
  statusOf,
  withNotice,
} from '@connito/market';
import { loadHotkey, writeDurably } from '@connito/node';
import type { Hotkey } from '@connito/protocol';
import type { CommandContext } from '../../command/context.ts';
import { cliError } from '../../errors.ts';
import { readIndex } from './index-file.ts';
import type { NoticeOptions } from './options.ts';

/** Signs a notice about one version and puts it into an index, if the index's rules allow it. */
export async function giveNotice(
  kind: NoticeKind,
  options: NoticeOptions,
  { stdout }: CommandContext,
): Promise<void> {
  const { walletsPath, wallet, hotkey, json } = options;
  const keypair = await loadHotkey({ walletsPath, wallet, hotkey });
  const index = await readIndex(options.index);
  const entry = entryNamed(index, options.spec, keypair.hotkey);
  const { name, version, id } = entry;
  const replacement = replacementOf(kind, index, entry, options.replacement ?? null);
  const last = latestNotice(index, entry);
  const signed = await signNotice(
    {
      kind,
      name,
      version,
      package: id,
      sequence: last === null ? 0 : last.notice.sequence + 1,
      replacement,
      reason: options.reason,
      publisher: keypair.hotkey,
    },
    keypair.sign,
  );
  const changed = withNotice(index, signed);
  await writeDurably(options.index, encodeIndex(changed));
  const status = statusOf(changed, entry);
  if (json === true) {
    stdout.write(`${JSON.stringify({ type: 'notice', status, ...signed.notice })}\n`);
    return;
  }
  stdout.write(`${name} ${version} is ${status} in ${options.index}.\n`);
}

/** Notices are about one version, never about what a range happens to mean; of several publishers', one's own. */
function entryNamed(
  index: PackageIndex,
  { name, range }: NoticeOptions['spec'],
  publisher: Hotkey,
): IndexEntry {
  const found = index.entries.filter((candidate) => candidate.name === name && candidate.version === range);
  const entry = found.find((candidate) => candidate.publisher === publisher) ?? found[0];
  if (entry !== undefined) return entry;
  const versions = index.entries.filter((candidate) => candidate.name === name).map(({ version }) => version);
  const known = versions.length === 0 ? 'none' : versions.join(', ');
  throw cliError(
    'invalid_option',
    `Name one version of ${name}, such as ${name}@1.0.0; the index has ${known}.`,
  );
}

function replacementOf(
  kind: NoticeKind,
  index: PackageIndex,
  { name }: IndexEntry,
  replacement: string | null,
): string | null {
  if (replacement === null) {
    if (kind !== 'rollback') return null;
    throw cliError('invalid_option', '--replacement: name the version to go back to');
  }
  const known = index.entries.some((entry) => entry.name === name && entry.version === replacement);
  if (known) return replacement;
  throw cliError('invalid_option', `--replacement: the index has no ${name} ${replacement}`);
}
