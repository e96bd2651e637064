import { byNameThenVersion, type IndexEntry, type PackageIndex } from './package-index.ts';
import { statusOf } from './package-status.ts';

export type Search = {
  /** Words that must all be found in name, domain or description. */
  readonly text?: string;
  readonly domain?: string;
  readonly base?: string;
  readonly licences?: readonly string[];
  readonly maxPricePerMillionTokens?: number;
  /** Lower bound of the gain on its own domain. */
  readonly minGainNanoNats?: number;
  /** Only what may be used without a second thought. Default true. */
  readonly activeOnly?: boolean;
};

/** Entries that fit, the largest lower bound of the gain first: what a buyer can count on. */
export function searchIndex(index: PackageIndex, search: Search): IndexEntry[] {
  const words = (search.text ?? '').toLowerCase().split(/\s+/).filter(Boolean);
  return index.entries
    .filter((entry) => {
      const text = `${entry.name} ${entry.domain} ${entry.description}`.toLowerCase();
      return (
        words.every((word) => text.includes(word)) &&
        (search.domain === undefined || entry.domain === search.domain) &&
        (search.base === undefined || entry.base === search.base) &&
        (search.licences === undefined ||
          entry.licence.split(' AND ').every((id) => search.licences!.includes(id))) &&
        entry.pricePerMillionTokens <= (search.maxPricePerMillionTokens ?? Number.MAX_SAFE_INTEGER) &&
        (search.minGainNanoNats === undefined ||
          (entry.gain?.lowerNanoNats ?? 0) >= search.minGainNanoNats) &&
        (search.activeOnly === false || statusOf(index, entry) === 'active')
      );
    })
    .sort((a, b) => (b.gain?.lowerNanoNats ?? 0) - (a.gain?.lowerNanoNats ?? 0) || byNameThenVersion(a, b));
}
