import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { SAMPLE_NETWORK } from '../testing/sample-network.ts';
import { readDefinition } from './create-network.ts';
import { layoutOf } from './layout.ts';

it('a directory of another version says so, and what to do', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'connito-old-'));
  try {
    const layout = layoutOf(folder);
    await writeFile(layout.definitionFile, '{"protocol":"connito/0"}');
    await expect(readDefinition(layout, SAMPLE_NETWORK)).rejects.toMatchObject({
      code: 'network_file_corrupt',
      message: expect.stringMatching(/run\.json is damaged, or was written by another version.*--dir/s),
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
