import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PackageId } from '../package/expert-manifest.ts';
import { EXAMPLE_KEYS } from '../testing/example-package.ts';
import type { Usage } from './receipt.ts';
import { ReceiptLog, readReceipts } from './receipt-log.ts';

const { publisher: server, validator: other } = EXAMPLE_KEYS;
const math = 'a'.repeat(64) as PackageId;

function usage(number: number, changes: Partial<Usage> = {}): Usage {
  return {
    requestId: `request-${number}`,
    model: 'math+code',
    promptTokens: 12,
    completionTokens: 30 + number,
    experts: { base: 10, [math]: 32 } as Usage['experts'],
    issuedAtMs: 1_800_000_000_000 + number,
    ...changes,
  };
}

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'connito-receipts-'));
  path = join(folder, 'receipts.jsonl');
});
afterEach(() => rm(folder, { recursive: true }));

async function write(count: number): Promise<void> {
  await using log = await ReceiptLog.open(path, server);
  await Promise.all(Array.from({ length: count }, (_, i) => log.append(usage(i))));
}

describe('a receipt log', () => {
  it('keeps every usage in order, signed and chained, over a restart', async () => {
    await write(3);
    {
      await using log = await ReceiptLog.open(path, server);
      expect(log.head.length).toBe(3);
      const { receipt } = await log.append(usage(3));
      expect(receipt.sequence).toBe(3);
    }
    const receipts = await readReceipts(path, server.hotkey);
    expect(receipts.map(({ receipt }) => receipt.usage)).toEqual([0, 1, 2, 3].map((i) => usage(i)));
  });

  it('takes one after the other, as soon as the one before is there', async () => {
    await using log = await ReceiptLog.open(path, server);
    for (let i = 0; i < 5; i++) expect((await log.append(usage(i))).receipt.sequence).toBe(i);
    await expect(log.append(usage(5, { completionTokens: -1 }))).rejects.toThrow();
    expect((await log.append(usage(5))).receipt.sequence).toBe(5);
  });

  it('loses nothing it told of when it was cut short within a line', async () => {
    await write(3);
    const whole = await readFile(path);
    await truncate(path, whole.length - 5);
    expect(await readReceipts(path)).toHaveLength(2);
    await using log = await ReceiptLog.open(path, server);
    expect(log.head.length).toBe(2);
    await log.append(usage(7));
    expect((await readReceipts(path)).map(({ receipt }) => receipt.usage.requestId)).toEqual([
      'request-0',
      'request-1',
      'request-7',
    ]);
  });

  it('refuses any one flipped byte', async () => {
    await write(2);
    const whole = await readFile(path);
    for (let at = 0; at < whole.length; at += 13) {
      const bytes = Uint8Array.from(whole);
      bytes[at]! ^= 1;
      await writeFile(path, bytes);
      await expect(readReceipts(path, server.hotkey), `byte ${at}`).rejects.toMatchObject({
        code: 'receipts_corrupt',
      });
    }
  });

  it('refuses a log with a receipt left out, moved or repeated', async () => {
    await write(3);
    const [one, two, three] = (await readFile(path, 'utf8')).trim().split('\n') as [string, string, string];
    for (const lines of [
      [one, three],
      [two, three],
      [two, one, three],
      [one, two, two, three],
    ]) {
      await writeFile(path, `${lines.join('\n')}\n`);
      await expect(readReceipts(path)).rejects.toMatchObject({ code: 'receipts_corrupt' });
    }
  });

  it('is one server’s', async () => {
    await write(1);
    await expect(ReceiptLog.open(path, other)).rejects.toMatchObject({ code: 'receipts_corrupt' });
    await expect(readReceipts(path, other.hotkey)).rejects.toMatchObject({ code: 'receipts_corrupt' });
  });

  it('is open in one process at a time, under whatever name', async () => {
    await using log = await ReceiptLog.open(path, server);
    await log.append(usage(0));
    const alias = join(folder, 'alias.jsonl');
    await symlink(path, alias);
    for (const name of [path, alias])
      await expect(ReceiptLog.open(name, server)).rejects.toMatchObject({ code: 'receipts_in_use' });
    await log.append(usage(1));
    expect(await readReceipts(path)).toHaveLength(2);
  });

  it('is locked by its own name even where a link to it came first', async () => {
    const alias = join(folder, 'alias.jsonl');
    await symlink(path, alias);
    await using log = await ReceiptLog.open(alias, server);
    await log.append(usage(0));
    await expect(ReceiptLog.open(path, server)).rejects.toMatchObject({ code: 'receipts_in_use' });
  });

  it.each([0, 2])(
    'of %i receipts, opened by several at once, is one server’s and loses nothing',
    async (count) => {
      if (count > 0) await write(count);
      const opened = await Promise.allSettled(Array.from({ length: 4 }, () => ReceiptLog.open(path, server)));
      const logs = opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
      expect(logs).toHaveLength(1);
      for (const one of opened)
        if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'receipts_in_use' });
      await using log = logs[0]!;
      await log.append(usage(count));
      expect(await readReceipts(path)).toHaveLength(count + 1);
    },
  );

  it('is let go of by a process that was killed', async () => {
    const source = `import { lockFile } from '@connito/node';
      console.log(lockFile(${JSON.stringify(path)}) !== null); setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
      cwd: import.meta.dirname,
    });
    const [said] = (await once(child.stdout, 'data')) as [Buffer];
    expect(said.toString()).toBe('true\n');
    await expect(ReceiptLog.open(path, server)).rejects.toMatchObject({ code: 'receipts_in_use' });
    child.kill('SIGKILL');
    await once(child, 'exit');
    await write(1);
    expect(await readReceipts(path)).toHaveLength(1);
  });

  it('stops where another process writes to its file', async () => {
    await using log = await ReceiptLog.open(path, server);
    await log.append(usage(0));
    await appendFile(path, 'somebody else\n');
    await expect(log.append(usage(1))).rejects.toMatchObject({ code: 'receipts_in_use' });
    await expect(log.append(usage(2))).rejects.toMatchObject({ code: 'receipts_in_use' });
  });

  it('refuses what is no usage, and takes the next', async () => {
    await using log = await ReceiptLog.open(path, server);
    for (const wrong of [
      { completionTokens: -1 },
      { completionTokens: 1.5 },
      { experts: { base: 10_000 } as Usage['experts'] },
      { experts: { math: 1 } as unknown as Usage['experts'] },
      { requestId: 'a\nb' },
    ]) {
      await expect(log.append(usage(0, wrong))).rejects.toMatchObject({ code: 'document_refused' });
    }
    expect((await log.append(usage(1))).receipt.sequence).toBe(0);
  });
});
