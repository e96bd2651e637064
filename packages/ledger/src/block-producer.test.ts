import { keypairFromMiniSecret, ManualClock } from '@connito/node';
import type { Hotkey } from '@connito/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BlockProducer } from './block-producer.ts';
import { EmbeddedLedger } from './embedded-ledger.ts';
import type { BlockPace } from './sealing-rule.ts';

const [alice, bob] = [1, 2].map((seed) => keypairFromMiniSecret(new Uint8Array(32).fill(seed)).hotkey) as [
  Hotkey,
  Hotkey,
];

describe('block producer', () => {
  let clock: ManualClock;
  let ledger: EmbeddedLedger;
  let producer: BlockProducer;
  beforeEach(() => {
    clock = new ManualClock(0);
    ledger = EmbeddedLedger.open(
      { path: ':memory:', genesis: { networkName: 'test', netuid: 1 } },
      { clock },
    );
  });
  afterEach(async () => {
    await producer.stop();
    ledger.close();
  });

  const start = async (pace: Partial<BlockPace> = {}) => {
    producer = new BlockProducer({ minBlockMs: 100, maxBlockMs: 1_000, ...pace }, { ledger, clock });
    await producer.start();
  };
  const ready = (...hotkeys: Hotkey[]) => {
    for (const hotkey of hotkeys) ledger.ready(hotkey, ledger.head.number + 1);
  };
  const advance = (ms: number) => {
    clock.advance(ms);
    return ledger.head.number;
  };

  it('seals nothing before anybody has registered', async () => {
    await start();
    expect(advance(10_000_000)).toBe(0);
  });

  it('seals when all live neurons are ready, but not before the minimum', async () => {
    await start();
    ledger.register(alice);
    ledger.register(bob);
    ready(alice);
    expect(advance(500)).toBe(0);
    ready(bob);
    expect(advance(0)).toBe(1);
    ready(alice, bob);
    expect(advance(99)).toBe(1);
    expect(advance(1)).toBe(2);
  });

  it('waits for an absent neuron once, and again only after it has come back', async () => {
    await start();
    ledger.register(alice);
    ledger.register(bob);
    ready(alice);
    expect(advance(999)).toBe(0);
    expect(advance(1)).toBe(1);
    for (const number of [2, 3]) {
      ready(alice);
      expect(advance(100)).toBe(number);
    }
    ready(bob);
    expect(advance(100)).toBe(3);
    ready(alice);
    expect(advance(0)).toBe(4);
    ready(alice);
    expect(advance(999)).toBe(4);
    expect(advance(1)).toBe(5);
  });

  it('keeps the slow pace while every neuron is absent, so that none is outrun', async () => {
    await start();
    ledger.register(alice);
    expect(advance(1_000)).toBe(1);
    expect(advance(999)).toBe(1);
    expect(advance(1)).toBe(2);
  });

  it('waits for the expected neurons, but not for ever', async () => {
    await start({ expectedNeurons: 2, startupMs: 5_000 });
    ledger.register(alice);
    ready(alice);
    expect(advance(4_999)).toBe(0);
    expect(advance(1)).toBe(1);
  });

  it('starts as soon as the expected neurons are there', async () => {
    await start({ expectedNeurons: 2, startupMs: 5_000 });
    ledger.register(alice);
    ready(alice);
    advance(200);
    ledger.register(bob);
    ready(bob);
    expect(advance(0)).toBe(1);
  });

  it('goes on after a restart with the neurons it finds', async () => {
    ledger.register(alice);
    ledger.seal();
    await start();
    ready(alice);
    expect(advance(100)).toBe(2);
  });

  it('with equal bounds seals at a fixed interval', async () => {
    await start({ minBlockMs: 200, maxBlockMs: 200 });
    ledger.register(alice);
    expect(advance(2_000)).toBe(10);
  });

  it('does nothing once stopped', async () => {
    await start();
    ledger.register(alice);
    await producer.stop();
    expect(advance(10_000)).toBe(0);
  });

  it('refuses readiness for a block that is not open', async () => {
    await start();
    ledger.register(alice);
    expect(() => ledger.ready(alice, 2)).toThrow(expect.objectContaining({ code: 'block_not_open' }));
  });
});
