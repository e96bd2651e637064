import { ConnitoError } from '@connito/protocol';
import { expect, it } from 'vitest';
import { createLog } from './log.ts';

function capture() {
  const lines: Record<string, unknown>[] = [];
  const log = createLog({
    level: 'debug',
    fields: { role: 'miner' },
    destination: { write: (line) => lines.push(JSON.parse(line)) },
  });
  return { log, lines };
}

it('writes a sentence and fields', () => {
  const { log, lines } = capture();
  log.with({ round: 3 }).info('bundle revealed', { bytes: 10 });
  expect(lines).toMatchObject([
    { level: 'info', role: 'miner', round: 3, bytes: 10, msg: 'bundle revealed' },
  ]);
});

it('redacts secrets', () => {
  const { log, lines } = capture();
  log.info('key made', { secretPhrase: 'bottom drive', wallet: { secretSeed: '0x11', name: 'default' } });
  expect(JSON.stringify(lines)).not.toMatch(/bottom|0x11/);
  expect(lines).toMatchObject([{ wallet: { name: 'default' } }]);
});

it("writes an error's code, advice, details and causes", () => {
  const { log, lines } = capture();
  const cause = new Error('socket closed');
  log.error('fetch failed', {
    error: new ConnitoError('peer_timeout', 'too slow', { advice: 'retry', details: { ms: 5 }, cause }),
  });
  expect(lines).toMatchObject([
    {
      error: {
        code: 'peer_timeout',
        advice: 'retry',
        details: { ms: 5 },
        cause: { message: 'socket closed' },
      },
    },
  ]);
});
