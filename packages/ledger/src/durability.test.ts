import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { keypairFromMiniSecret } from '@connito/node';
import { expect, it } from 'vitest';
import { EmbeddedLedger } from './embedded-ledger.ts';

const GENESIS = { networkName: 'test', netuid: 1 };
const { hotkey } = keypairFromMiniSecret(new Uint8Array(32).fill(1));

/** Writes notes and seals blocks as fast as it can, telling what has been acknowledged. */
const WRITER = `
  const { EmbeddedLedger } = await import(${JSON.stringify(new URL('./embedded-ledger.ts', import.meta.url).href)});
  const ledger = EmbeddedLedger.open({ path: process.argv[1], genesis: ${JSON.stringify(GENESIS)} });
  ledger.register(${JSON.stringify(hotkey)});
  for (let n = 0; ; n++) {
    ledger.commit(${JSON.stringify(hotkey)}, Uint8Array.of(n >> 8, n & 255));
    process.stdout.write(n + '\\n');
    if (n % 5 === 4) ledger.seal();
    if (n % 50 === 49) await new Promise(setImmediate);
  }
`;

it('loses no acknowledged note when its process is killed', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'connito-durability-'));
  const path = join(directory, 'ledger.db');
  try {
    const writer = spawn(process.execPath, ['--input-type=module', '-e', WRITER, path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let acknowledged = -1;
    for await (const line of createInterface({ input: writer.stdout })) {
      acknowledged = Number(line);
      if (acknowledged === 120) writer.kill('SIGKILL');
    }
    using ledger = EmbeddedLedger.open({ path, genesis: GENESIS });
    expect(acknowledged).toBeGreaterThanOrEqual(120);
    ledger.seal();
    const notes = ledger.notes(0, ledger.head.number);
    expect(notes.length).toBeGreaterThan(acknowledged);
    expect(notes.map(({ data }) => data[0]! * 256 + data[1]!)).toEqual(notes.map((_, n) => n));
    for (let number = 1; number <= ledger.head.number; number++) {
      expect(ledger.block(number).parentHash).toBe(ledger.block(number - 1).hash);
    }
  } finally {
    await rm(directory, { recursive: true });
  }
});
