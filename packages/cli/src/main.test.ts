import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodeVersionFault } from './node-version.ts';

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url));

/** Runs the command as a process of its own. */
function connito(
  ...args: readonly string[]
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

describe('the process', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'connito-main-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('prints help without loading the engine, the market or the lab', async () => {
    const refuse = `import { registerHooks } from 'node:module';
      registerHooks({ resolve(specifier, context, next) {
        if (/onnxruntime-node|^@connito\\/(market|lab|model|run)$/.test(specifier)) throw new Error('loaded ' + specifier);
        return next(specifier, context);
      } });`;
    const args = ['--import', `data:text/javascript,${encodeURIComponent(refuse)}`, MAIN, '--help'];
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });

  it('ends with 2 after an unknown option', async () => {
    const { code, stderr } = await connito('up', '--unknown');
    expect(code).toBe(2);
    expect(stderr).toContain("unknown option '--unknown'");
  });

  it('ends with 4 where the model is missing, and leaves no network behind', async () => {
    const { code, stderr } = await connito('up', '--dir', directory, '--model', join(directory, 'none'));
    expect(code).toBe(4);
    expect(stderr).toContain(join(directory, 'none', 'config.json'));
    expect(await readdir(directory)).not.toContain('network.json');
    expect(await readdir(directory)).not.toContain('lock');
  });

  it('ends with 3 where a port is taken', async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
    });
    try {
      const { code, stderr } = await connito('up', '--dir', directory, '--port', `${port}`);
      expect(code).toBe(3);
      expect(stderr).toContain(`Port ${port} on 127.0.0.1 is in use`);
    } finally {
      server.close();
    }
  });
});

describe('the check of Node', () => {
  it('refuses what is too old, with the version it found', () => {
    expect(nodeVersionFault('20.20.2')).toContain('this is Node 20.20.2');
    expect(nodeVersionFault('24.0.0')).toBeNull();
    expect(nodeVersionFault('26.1.0')).toBeNull();
  });
});
