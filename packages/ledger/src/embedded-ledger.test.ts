import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keypairFromMiniSecret, ManualClock } from '@connito/node';
import { type Hotkey, type Uid, utf8 } from '@connito/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EmbeddedLedger, type EmbeddedLedgerDependencies } from './embedded-ledger.ts';
import { endsEpoch, type GenesisInput, parseGenesis } from './genesis.ts';
import { describeLedger } from './ledger-contract.ts';

const [alice, bob, carol] = [1, 2, 3].map(
  (seed) => keypairFromMiniSecret(new Uint8Array(32).fill(seed)).hotkey,
) as [Hotkey, Hotkey, Hotkey];

const GENESIS = { networkName: 'test', netuid: 1 } as const satisfies GenesisInput;

const inMemory = (genesis: Partial<GenesisInput> = {}, dependencies: EmbeddedLedgerDependencies = {}) =>
  EmbeddedLedger.open({ path: ':memory:', genesis: { ...GENESIS, ...genesis } }, dependencies);

describeLedger('The embedded ledger', async ({ stakes, tempoBlocks }) => {
  const ledger = inMemory({
    tempoBlocks,
    stakes: stakes.map(({ hotkey, stake }) => ({ hotkey, stake: stake.toString() })),
  });
  return {
    as: (keypair) => ledger.as(keypair),
    seal: async () => {
      ledger.seal();
    },
    [Symbol.asyncDispose]: async () => ledger.close(),
  };
});

describe('block hashes', () => {
  const run = (entropy: () => Uint8Array, note: string) => {
    using ledger = inMemory({}, { clock: new ManualClock(), entropy });
    ledger.register(alice);
    ledger.commit(alice, utf8(note));
    return ledger.seal().hash;
  };
  const fixed = () => new Uint8Array(32).fill(7);

  it('are equal for equal content and entropy, and only then', () => {
    expect(run(fixed, 'note')).toBe(run(fixed, 'note'));
    expect(run(fixed, 'other')).not.toBe(run(fixed, 'note'));
    expect(run(() => new Uint8Array(32).fill(8), 'note')).not.toBe(run(fixed, 'note'));
  });

  it('cannot be known before sealing: equal ledgers go different ways', () => {
    using one = inMemory({}, { clock: new ManualClock() });
    using two = inMemory({}, { clock: new ManualClock() });
    expect(one.seal().hash).not.toBe(two.seal().hash);
  });
});

describe('an embedded ledger’s file', () => {
  let directory: string;
  let path: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'connito-ledger-'));
    path = join(directory, 'ledger.db');
  });
  afterEach(() => rm(directory, { recursive: true }));
  const genesis = { ...GENESIS, tempoBlocks: 3, stakes: [{ hotkey: alice, stake: '5' }] };

  it('keeps everything when it is reopened', () => {
    const state = (ledger: EmbeddedLedger) => {
      const { number } = ledger.head;
      return [ledger.head, ledger.neurons(number), ledger.notes(0, number), ledger.payouts(number)];
    };
    const first = EmbeddedLedger.open({ path, genesis });
    first.register(alice);
    first.register(bob);
    first.announce(alice, 'http://203.0.113.1:80/');
    first.commit(alice, utf8('sealed'));
    first.seal();
    first.setWeights(alice, [{ uid: 1 as Uid, weight: 1 }]);
    first.seal();
    const paid = first.payouts(2);
    expect(paid.map(({ incentive }) => incentive)).toEqual([0, 1_000_000_000]);
    first.commit(bob, utf8('open'));
    const before = state(first);
    first.close();

    using second = EmbeddedLedger.open({ path, genesis });
    expect(state(second)).toEqual(before);
    second.seal();
    expect(second.notes(3, 3)).toMatchObject([{ hotkey: bob }]);
  });

  it('belongs to one process', () => {
    using _owner = EmbeddedLedger.open({ path, genesis });
    expect(() => EmbeddedLedger.open({ path, genesis })).toThrow(
      expect.objectContaining({ code: 'ledger_in_use' }),
    );
  });

  it('belongs to one genesis, and says which fields differ', () => {
    EmbeddedLedger.open({ path, genesis }).close();
    expect(() => EmbeddedLedger.open({ path, genesis: { ...genesis, tempoBlocks: 9 } })).toThrow(
      expect.objectContaining({ code: 'genesis_mismatch', details: { path, fields: 'tempoBlocks' } }),
    );
  });

  it('that is no database is refused', () => {
    expect(() => EmbeddedLedger.open({ path: directory, genesis })).toThrow(
      expect.objectContaining({ code: 'ledger_unusable' }),
    );
  });
});

it('writes a note once, however often its request is repeated', () => {
  using ledger = inMemory();
  ledger.register(alice);
  ledger.register(bob);
  expect(ledger.commit(alice, utf8('x'), 'request-1')).toBe(1);
  ledger.seal();
  expect(ledger.commit(alice, utf8('x'), 'request-1')).toBe(1);
  expect(ledger.commit(bob, utf8('x'), 'request-1')).toBe(2);
  ledger.seal();
  expect(ledger.notes(0, 2)).toHaveLength(2);
});

it('permits the validators with the most stake, ties by uid', () => {
  const stakes = [alice, bob, carol].map((hotkey, i) => ({ hotkey, stake: String([5, 9, 5][i]) }));
  using ledger = inMemory({ stakes, maxValidators: 2 });
  for (const hotkey of [carol, alice, bob]) ledger.register(hotkey);
  const { number } = ledger.seal();
  expect(ledger.neurons(number).map(({ validatorPermit }) => validatorPermit)).toEqual([true, false, true]);
  using strict = inMemory({ stakes, minValidatorStake: '6' });
  for (const hotkey of [carol, alice, bob]) strict.register(hotkey);
  expect(strict.neurons(strict.seal().number).map(({ validatorPermit }) => validatorPermit)).toEqual([
    false,
    false,
    true,
  ]);
});

it('keeps a validator’s weights until the activity cutoff', () => {
  const stakes = [{ hotkey: alice, stake: '1' }];
  using ledger = inMemory({ stakes, tempoBlocks: 2, activityCutoffBlocks: 4 });
  ledger.register(alice);
  ledger.register(bob);
  ledger.seal();
  ledger.setWeights(alice, [{ uid: 1 as Uid, weight: 1 }]);
  const incentives: number[] = [];
  while (ledger.head.number < 9) ledger.seal();
  for (const block of [3, 5, 7, 9]) incentives.push(ledger.payouts(block)[1]!.incentive);
  expect(incentives).toEqual([1e9, 1e9, 0, 0]);
});

it('is full when all uids are taken', () => {
  using ledger = inMemory({ maxUids: 1 });
  ledger.register(alice);
  expect(() => ledger.register(bob)).toThrow(expect.objectContaining({ code: 'subnet_full' }));
  expect(ledger.register(alice)).toBe(0);
});

it('bounds notes per block in every profile', () => {
  using ledger = inMemory();
  ledger.register(alice);
  for (let i = 0; i < 64; i++) ledger.commit(alice, Uint8Array.of(i));
  expect(() => ledger.commit(alice, utf8('one more'))).toThrow(
    expect.objectContaining({ code: 'note_limit' }),
  );
  ledger.seal();
  expect(ledger.commit(alice, utf8('one more'))).toBe(2);
});

describe('the bittensor profile', () => {
  const open = (genesis: Partial<GenesisInput> = {}) => {
    const stakes = [{ hotkey: alice, stake: '1' }];
    const ledger = inMemory({ limits: 'bittensor', tempoBlocks: 10, stakes, ...genesis });
    ledger.register(alice);
    return ledger;
  };

  it('keeps one note per hotkey and block, and one current note', () => {
    using ledger = open();
    ledger.commit(alice, utf8('lost'));
    ledger.commit(alice, utf8('kept'));
    ledger.seal();
    ledger.commit(alice, utf8('newer'));
    ledger.seal();
    const text = (notes: readonly { data: Uint8Array }[]) =>
      notes.map(({ data }) => Buffer.from(data).toString());
    expect(text(ledger.notes(0, 2))).toEqual(['kept', 'newer']);
    expect(text(ledger.currentNotes(1))).toEqual(['kept']);
    expect(text(ledger.currentNotes(2))).toEqual(['newer']);
  });

  it('charges at least 100 bytes a note, 3,100 an epoch', () => {
    using ledger = open();
    for (let i = 0; i < 31; i++) ledger.commit(alice, Uint8Array.of(i));
    expect(() => ledger.commit(alice, Uint8Array.of(99))).toThrow(
      expect.objectContaining({
        code: 'note_limit',
        details: { chargedBytes: 3_100, limitBytes: 3_100, nextBlock: 10 },
      }),
    );
    while (ledger.head.number < 8) ledger.seal();
    expect(() => ledger.commit(alice, Uint8Array.of(99))).toThrow(
      expect.objectContaining({ code: 'note_limit' }),
    );
    ledger.seal();
    expect(ledger.commit(alice, Uint8Array.of(99))).toBe(10);
  });

  it('limits how often weights are set and endpoints announced', () => {
    using ledger = open();
    ledger.announce(alice, 'http://203.0.113.1');
    expect(() => ledger.announce(alice, 'http://203.0.113.2')).toThrow(
      expect.objectContaining({ code: 'announce_limit', details: { lastBlock: 1, nextBlock: 51 } }),
    );
    ledger.seal();
    ledger.setWeights(alice, [{ uid: 0 as Uid, weight: 1 }]);
    while (ledger.head.number < 100) ledger.seal();
    expect(() => ledger.setWeights(alice, [])).toThrow(expect.objectContaining({ code: 'weights_limit' }));
    ledger.seal();
    ledger.setWeights(alice, []);
  });
});

it('ends epochs where genesis says', () => {
  const ends = (genesis: Partial<GenesisInput>) => {
    const parsed = parseGenesis({ ...GENESIS, ...genesis });
    return Array.from({ length: 14 }, (_, block) => block).filter((block) => endsEpoch(block, parsed));
  };
  expect(ends({ tempoBlocks: 5 })).toEqual([4, 9]);
  expect(ends({ tempoBlocks: 5, epochOffsetBlocks: 3 })).toEqual([7, 12]);
  expect(ends({ tempoBlocks: 1 })).toHaveLength(14);
});

it('refuses a contradictory genesis', () => {
  const twice = [alice, alice].map((hotkey) => ({ hotkey, stake: '1' }));
  expect(() => inMemory({ stakes: twice })).toThrow(expect.objectContaining({ code: 'invalid_genesis' }));
  expect(() => inMemory({ stakes: [{ hotkey: 'nobody', stake: '1' }] })).toThrow(/stakes\.0\.hotkey/);
});

it('lets nobody wait on a closed ledger', async () => {
  const ledger = inMemory();
  const waiting = ledger.waitForBlock(1, new AbortController().signal);
  const failure = expect(waiting).rejects.toMatchObject({ code: 'ledger_closed' });
  ledger.close();
  await failure;
  expect(() => ledger.seal()).toThrow(expect.objectContaining({ code: 'ledger_closed' }));
});
