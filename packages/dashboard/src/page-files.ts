import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dashboardError } from './errors.ts';

/** What the server answers by path. */
export type PageFiles = ReadonlyMap<string, { readonly body: Uint8Array; readonly type: string }>;

const PAGE = fileURLToPath(new URL('page', import.meta.url));

/**
 * The page's files. The script is bundled by esbuild on the first call and kept in `cache`, under a hash of its sources, so
 * that later starts only read it. Fails with `page_unusable`.
 */
export async function pageFiles(cache: string = join(tmpdir(), 'connito-page')): Promise<PageFiles> {
  const [html, icon, { script, style }] = await Promise.all([
    readFile(join(PAGE, 'index.html')),
    readFile(join(PAGE, 'icon.svg')),
    cachedBundle(cache),
  ]);
  return new Map([
    ['/', { body: html, type: 'text/html; charset=utf-8' }],
    ['/app.css', { body: style, type: 'text/css; charset=utf-8' }],
    ['/icon.svg', { body: icon, type: 'image/svg+xml' }],
    ['/app.js', { body: script, type: 'text/javascript; charset=utf-8' }],
  ]);
}

export type Bundle = { readonly script: Uint8Array; readonly style: Uint8Array };

async function cachedBundle(cache: string): Promise<Bundle> {
  const path = join(cache, await sourcesHash());
  try {
    return { script: await readFile(`${path}.js`), style: await readFile(`${path}.css`) };
  } catch {
    const made = await bundle();
    await mkdir(cache, { recursive: true, mode: 0o700 });
    await putInPlace(`${path}.css`, made.style);
    await putInPlace(`${path}.js`, made.script);
    return made;
  }
}

/** Another process may be at the same: whoever is last puts the same bytes in place. */
async function putInPlace(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.${process.pid}`;
  await writeFile(temporary, bytes);
  await rename(temporary, path);
}

/** A hash of all that the bundle is made of: our sources, and the versions of the packages. */
async function sourcesHash(): Promise<string> {
  const hash = createHash('sha256');
  const manifest = await readFile(new URL('../package.json', import.meta.url));
  hash.update(manifest);
  const files = (await readdir(PAGE, { recursive: true, withFileTypes: true })).filter((entry) =>
    entry.isFile(),
  );
  for (const { parentPath, name } of files.sort((a, b) =>
    join(a.parentPath, a.name) < join(b.parentPath, b.name) ? -1 : 1,
  )) {
    hash.update(`\0${name}\0`).update(await readFile(join(parentPath, name)));
  }
  return hash.digest('hex').slice(0, 32);
}

/** The page's script and style, each in one file, for browsers of the last three years. */
export async function bundle(): Promise<Bundle> {
  try {
    const { build } = await import('esbuild');
    const { outputFiles } = await build({
      entryPoints: [join(PAGE, 'main.tsx')],
      outdir: '/',
      bundle: true,
      minify: true,
      write: false,
      format: 'esm',
      target: 'es2022',
      jsx: 'automatic',
      jsxImportSource: 'preact',
      legalComments: 'none',
      logLevel: 'silent',
    });
    const of = (ending: string): Uint8Array =>
      outputFiles.find(({ path }) => path.endsWith(ending))!.contents;
    return { script: of('.js'), style: of('.css') };
  } catch (cause) {
    const message = `The dashboard's page cannot be bundled: ${(cause as Error).message}. Run "npm ci", or start without it: --no-dashboard.`;
    throw dashboardError('page_unusable', message, {}, cause);
  }
}
