import { z } from 'zod';
import type { Corpus } from '../corpus.ts';
import { withoutDuplicates } from '../duplicates.ts';
import { clusterBySimilarity } from '../near-duplicates.ts';
import { findPackage, normaliseLines, readPackageFiles } from './package-files.ts';

const licenceSchema = z.looseObject({ name: z.string(), licenseText: z.string() });

/** Shorter texts are stubs and notices. */
const MIN_LICENCE_CHARS = 200;

/** Licence texts, clustered by family: by the name's stem, and by shared wording across names. */
export async function readLawCorpus(): Promise<Corpus> {
  const source = await findPackage('spdx-license-list');
  const files = await readPackageFiles(source, ['licenses/*.json']);
  const documents = files.flatMap(({ path, text }) => {
    const name = path.slice('licenses/'.length, -'.json'.length);
    const licence = licenceSchema.parse(JSON.parse(text));
    const body = normaliseLines(licence.licenseText);
    if (body.length < MIN_LICENCE_CHARS || !isEnglish(body)) return [];
    return [{ id: `law/${name}`, text: body, cluster: `law/${licenceFamily(name)}` }];
  });
  return {
    domain: 'law',
    licence: 'CC0-1.0 list of licence texts',
    provenance: `${source.name} ${source.version}: full licence texts`,
    documents: clusterBySimilarity(withoutDuplicates(documents)),
  };
}

/** English prose has about 20 % of these words; translated licences, with English names in them, under 4 %. */
const ENGLISH_WORDS = new Set(['the', 'of', 'and', 'to', 'or', 'in', 'this', 'that', 'is', 'by']);
const MIN_ENGLISH_SHARE = 0.1;

/** Is a text mostly English? The list has translations into a dozen languages, too few of each to learn. */
export function isEnglish(text: string): boolean {
  const words = text.toLowerCase().match(/\p{L}+/gu) ?? [];
  const english = words.filter((word) => ENGLISH_WORDS.has(word)).length;
  return english >= MIN_ENGLISH_SHARE * words.length;
}

/** Names that one publisher's licences go by. */
const FAMILIES: readonly (readonly [prefix: RegExp, family: string])[] = [
  [/^(A|L)?GPL|^GFDL|^GNU|^NGPL/, 'GNU'],
  [/^CC-/, 'CC'],
  [/^BSD/, 'BSD'],
  [/^MIT/, 'MIT'],
  [/^HPND/, 'HPND'],
];

/** `Apache-1.1` and `Apache-2.0` are both `Apache`: the name up to its first version or dash. */
export function licenceFamily(name: string): string {
  for (const [prefix, family] of FAMILIES) if (prefix.test(name)) return family;
  return /^[A-Za-z]+/.exec(name)?.[0] ?? name;
}
