import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pageFiles } from './page-files.ts';

/** A page that is slow on a bad line is not kept open. */
const MAX_COMPRESSED_BYTES = 150_000;

describe('the page’s files', () => {
  let cache: string;

  beforeAll(async () => {
    cache = await mkdtemp(join(tmpdir(), 'connito-page-'));
  });
  afterAll(() => rm(cache, { recursive: true, force: true }));

  it('are bundled once, and then read', async () => {
    const first = await pageFiles(cache);
    const [script] = (await readdir(cache)).filter((name) => name.endsWith('.js'));
    expect(first.get('/app.js')!.type).toContain('javascript');
    await writeFile(join(cache, script!), 'kept');
    const second = await pageFiles(cache);
    expect(new TextDecoder().decode(second.get('/app.js')!.body)).toBe('kept');
    await rm(join(cache, script!));
    const third = await pageFiles(cache);
    expect(third.get('/app.js')!.body).toEqual(first.get('/app.js')!.body);
  });

  it('are small, and hold no inline script and no address of another site', async () => {
    const files = await pageFiles(cache);
    const script = files.get('/app.js')!.body;
    expect(gzipSync(script).length).toBeLessThan(MAX_COMPRESSED_BYTES);
    expect(brotliCompressSync(script).length).toBeLessThan(MAX_COMPRESSED_BYTES);
    const html = new TextDecoder().decode(files.get('/')!.body);
    expect(html).not.toMatch(/<script>|<style|\son\w+=|https?:/);
  });
});
