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

it('keeps what a peer said out of everything above debug', () => {
  const { log, lines } = capture();
  const refused = new ConnitoError('peer_refused', 'http://peer answered 403 to /x (no_permit).', {
    advice: 'reject',
    details: { status: 403, peerCode: 'no_permit', peerMessage: 'EVIL words', note: 'EVIL words too' },
  });
  const worded = new ConnitoError('no_permit', 'EVIL words', {
    advice: 'reject',
    details: refused.details,
    cause: refused,
  });
  log.error('Setting weights failed', { round: 3, error: worded });
  const [above, below] = lines;
  expect(JSON.stringify(above)).not.toContain('EVIL');
  expect(above).toMatchObject({
    level: 'error',
    round: 3,
    error: {
      code: 'no_permit',
      details: { status: 403, peerCode: 'no_permit' },
      cause: { code: 'peer_refused' },
    },
  });
  expect(below).toMatchObject({ level: 'debug', error: { message: 'EVIL words' } });
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
