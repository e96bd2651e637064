import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, sep } from 'node:path';
import { z } from 'zod';
import { CorpusError } from '../errors.ts';

const require = createRequire(import.meta.url);
const manifestSchema = z.looseObject({ name: z.string(), version: z.string(), license: z.string() });

/** An installed npm package as a source of files. */
export type InstalledPackage = {
  readonly name: string;
  readonly version: string;
  readonly directory: string;
};

/** Finds an npm package by walking the module paths of this one, wherever it is installed. */
export async function findPackage(name: string): Promise<InstalledPackage> {
  for (const root of require.resolve.paths(name) ?? []) {
    const directory = join(root, name);
    // Read directly: a package's exports need not include its package.json.
    const text = await readFile(join(directory, 'package.json'), 'utf8').catch(() => null);
    if (text === null) continue;
    const manifest = manifestSchema.parse(JSON.parse(text));
    return { name: manifest.name, version: manifest.version, directory };
  }
  throw new CorpusError('corpus_missing', `The npm package "${name}" is not installed: run npm ci.`, {
    name,
  });
}

/** A file of a package with `/` in its path, on every system. */
export type PackageFile = { readonly path: string; readonly text: string };

/** The files that match the patterns, in the order of their paths, with line ends normalised. */
export async function readPackageFiles(
  source: InstalledPackage,
  patterns: readonly string[],
  exclude: (path: string) => boolean = () => false,
): Promise<PackageFile[]> {
  const paths = globSync([...patterns], { cwd: source.directory })
    .map((path) => path.replaceAll(sep, '/'))
    .filter((path) => !exclude(path))
    .sort();
  if (paths.length === 0) {
    throw new CorpusError('corpus_missing', `Package "${source.name}" has no ${patterns.join(' or ')}.`, {
      name: source.name,
    });
  }
  const files: PackageFile[] = [];
  for (const path of paths) {
    files.push({ path, text: normaliseLines(await readFile(join(source.directory, path), 'utf8')) });
  }
  return files;
}

/** Unix line ends, no byte order mark, no trailing spaces, one final newline. */
export function normaliseLines(text: string): string {
  return `${text
    .replace(/^\uFEFF/, '')
    .replaceAll(/\r\n?/g, '\n')
    .replaceAll(/[ \t]+$/gm, '')
    .trim()}\n`;
}
