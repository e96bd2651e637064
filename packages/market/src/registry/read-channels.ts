import { ConnitoError } from '@connito/protocol';
import type { PackageChannel } from '../channel/channel.ts';
import { DEFAULT_MAX_PACKAGE_BYTES } from '../package/layout.ts';
import type { PackageRules } from '../package/verify-package.ts';
import { verifyDocument } from '../package/verify-package.ts';
import { EMPTY_INDEX, entryOf, type PackageIndex, withEntry } from './package-index.ts';

/** A version that a channel has but no index may list, and why. */
export type RefusedVersion = {
  readonly channel: string;
  readonly name: string;
  readonly version: string;
  readonly code: string;
  readonly message: string;
};

/**
 * An index of everything that some channels hold, each version checked as on installing except for its tensors' values. The
 * notices of `before` are kept where their package is still there. What is not valid is left out and told of.
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
  for (const channel of channels) {
    for (const name of await channel.names(signal)) {
      for (const version of await channel.versions(name, signal)) {
        try {
          const document = verifyDocument(await channel.fetch(name, version, options), rules);
          index = withEntry(index, entryOf(document, [channel.address]));
        } catch (error) {
          if (!(error instanceof ConnitoError) || error.advice === 'retry') throw error;
          const { code, message } = error;
          refused.push({ channel: channel.address, name, version, code, message });
        }
      }
    }
  }
  const ids = new Set(index.entries.map(({ id }) => id));
  const notices = before.notices.filter(({ notice }) => ids.has(notice.package));
  return { index: { ...index, notices }, refused };
}
