import { readFile } from 'node:fs/promises';

/** Everything the page may load comes from this server, and nobody may frame it. */
export const PLAYGROUND_HEADERS = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-cache',
} as const;

const FILES: Readonly<Record<string, { readonly name: string; readonly type: string }>> = {
  '': { name: 'index.html', type: 'text/html; charset=utf-8' },
  'playground.js': { name: 'playground.js', type: 'text/javascript; charset=utf-8' },
  'icon.svg': { name: 'icon.svg', type: 'image/svg+xml' },
  'playground.css': { name: 'playground.css', type: 'text/css; charset=utf-8' },
};

/** A file of the page, or null where there is none of that name. */
export async function playgroundFile(
  path: string,
): Promise<{ readonly text: string; readonly type: string } | null> {
  const file = Object.hasOwn(FILES, path) ? FILES[path]! : null;
  if (file === null) return null;
  return { text: await readFile(new URL(`./page/${file.name}`, import.meta.url), 'utf8'), type: file.type };
}
