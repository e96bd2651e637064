import { ConnitoError } from '@connito/protocol';
import type { PackageChannel } from '../channel/channel.ts';
import { DEFAULT_MAX_PACKAGE_BYTES } from '../package/layout.ts';
import type { PackageRules } from '../package/verify-package.ts';
import { verifyDocument } from '../package/verify-package.ts';
import { EMPTY_INDEX, entryOf, type PackageIndex, withEntry } from './package-index.ts';
import { withNoticesOf } from './package-status.ts';

/** What a channel has, or may have, but no index may list, and why. */
export type RefusedVersion = {
  readonly channel: string;
  /** Null: none of the channel could be listed. */
  readonly name: string | null;
  /** Null: no version of the package could be listed. */
  readonly version: string | null;
  readonly code: string;
  readonly message: string;
};

/**
 * An index of everything that some channels hold, each version checked as on installing except for its tensors' values. Notices
 * of `before` are kept, also of packages that no channel has now: they may come back. What is not valid is left out and told
 * of. Fails where none of the channels can be listed, or where one may be later: what it holds would be lost until then.
 */
export async function indexChannels(
  channels: readonly PackageChannel[],
  before: PackageIndex,
  rules: PackageRules = {},
  signal?: AbortSignal,
): Promise<{ readonly index: PackageIndex; readonly refused: readonly RefusedVersion[] }> {
  const maxBytes = rules.maxBytes ?? DEFAULT_MAX_PACKAGE_BYTES;
  const options = { maxBytes, ...(signal === undefined ? {} : { signal }) };
  let index = EMPTY_INDEX;
  const refused: RefusedVersion[] = [];
  const unlisted: ConnitoError[] = [];
  for (const channel of channels) {
    const leaveOut = (error: unknown, name: string | null, version: string | null): ConnitoError => {
      if (!(error instanceof ConnitoError) || error.advice === 'retry') throw error;
      const { code, message } = error;
      refused.push({ channel: channel.address, name, version, code, message });
      return error;
    };
    const names = await channel.names(signal).catch((error: unknown) => {
      unlisted.push(leaveOut(error, null, null));
      return [];
    });
    for (const name of names) {
      const versions = await channel.versions(name, signal).catch((error: unknown) => {
        leaveOut(error, name, null);
        return [];
      });
      for (const version of versions) {
        try {
          const document = verifyDocument(await channel.fetch(name, version, options), rules);
          index = withEntry(index, entryOf(document, [channel.address]));
        } catch (error) {
          leaveOut(error, name, version);
        }
      }
    }
  }
  if (unlisted.length > 0 && unlisted.length === channels.length) throw unlisted[0]!;
  return { index: withNoticesOf(index, before), refused };
}
