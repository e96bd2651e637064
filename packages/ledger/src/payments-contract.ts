import { type Keypair, keypairFromMiniSecret } from '@connito/node';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Ledger } from './ledger.ts';
import type { PaymentLedger } from './payments.ts';

export type PaymentLedgerUnderTest = AsyncDisposable & {
  as(keypair: Keypair): PaymentLedger & Pick<Ledger, 'head'>;
  seal(): Promise<void>;
};

const [alice, bob, carol] = [1, 2, 3].map((seed) => keypairFromMiniSecret(new Uint8Array(32).fill(seed))) as [
  Keypair,
  Keypair,
  Keypair,
];
const reference = (digit: string) => digit.repeat(64);

/** What every ledger that holds money must do. `create` makes a fresh one with the given balances. */
export function describePaymentLedger(
  name: string,
  create: (
    balances: readonly { readonly hotkey: Keypair['hotkey']; readonly amount: number }[],
  ) => Promise<PaymentLedgerUnderTest>,
): void {
  describe(`${name} as a ledger of payments`, () => {
    let subject: PaymentLedgerUnderTest;
    beforeEach(async () => {
      subject = await create([
        { hotkey: alice.hotkey, amount: 1000 },
        { hotkey: bob.hotkey, amount: 5 },
      ]);
    });
    afterEach(() => subject[Symbol.asyncDispose]());

    const balances = async () => {
      const ledger = subject.as(alice);
      const { number } = await ledger.head();
      return Promise.all([alice, bob, carol].map(({ hotkey }) => ledger.balance(hotkey, number)));
    };

    it('moves what is paid once the block is sealed', async () => {
      const ledger = subject.as(alice);
      const before = await ledger.head();
      const transfers = [
        { to: bob.hotkey, amount: 100 },
        { to: carol.hotkey, amount: 1 },
      ];
      const block = await ledger.pay(reference('a'), transfers);
      expect(block).toBe(before.number + 1);
      expect(await balances()).toEqual([1000, 5, 0]);
      await subject.seal();
      expect(await balances()).toEqual([899, 105, 1]);
      expect(await ledger.balance(alice.hotkey, before.number)).toBe(1000);
      const payment = { payer: alice.hotkey, reference: reference('a'), transfers, block };
      expect(await ledger.payments(block, block)).toEqual([payment]);
      expect(await ledger.payments(0, before.number)).toEqual([]);
    });

    it('pays a reference once, however often it is asked to', async () => {
      const ledger = subject.as(alice);
      const transfers = [{ to: carol.hotkey, amount: 10 }];
      const block = await ledger.pay(reference('a'), transfers);
      expect(await ledger.pay(reference('a'), transfers)).toBe(block);
      await subject.seal();
      expect(await ledger.pay(reference('a'), transfers)).toBe(block);
      await subject.seal();
      expect(await balances()).toEqual([990, 5, 10]);
      const more = [{ to: carol.hotkey, amount: 11 }];
      await expect(ledger.pay(reference('a'), more)).rejects.toMatchObject({ code: 'invalid_payment' });
      await subject.as(bob).pay(reference('a'), [{ to: carol.hotkey, amount: 5 }]);
    });

    it('pays all or nothing, and never what is not there', async () => {
      const ledger = subject.as(bob);
      const tooMuch = [
        { to: alice.hotkey, amount: 3 },
        { to: carol.hotkey, amount: 3 },
      ];
      const refusal = { code: 'insufficient_balance' };
      await expect(ledger.pay(reference('b'), tooMuch)).rejects.toMatchObject(refusal);
      await ledger.pay(reference('c'), [{ to: carol.hotkey, amount: 4 }]);
      // What the open block holds is spent already.
      await expect(ledger.pay(reference('d'), [{ to: carol.hotkey, amount: 2 }])).rejects.toMatchObject(
        refusal,
      );
      await subject.seal();
      expect(await balances()).toEqual([1000, 1, 4]);
    });

    it.each([
      ['an amount of nothing', [{ to: carol.hotkey, amount: 0 }]],
      ['a negative amount', [{ to: carol.hotkey, amount: -5 }]],
      ['a part of a unit', [{ to: carol.hotkey, amount: 0.5 }]],
      ['nobody', []],
      ['the same payee twice', [1, 1].map((amount) => ({ to: carol.hotkey, amount }))],
      [
        'more than there can be',
        [1, 2].map((i) => ({ to: [bob, carol][i - 1]!.hotkey, amount: 2 ** 53 - 1 })),
      ],
    ])('refuses %s', async (_, transfers) => {
      await expect(subject.as(alice).pay(reference('e'), transfers)).rejects.toMatchObject({
        code: expect.stringMatching(/^(invalid_payment|invalid_request|peer_refused)$/),
      });
      await subject.seal();
      expect(await balances()).toEqual([1000, 5, 0]);
    });

    it('keeps the sum of all balances, whatever is paid', async () => {
      const keys = [alice, bob, carol];
      let number = 0;
      const payment = fc.record({ from: fc.nat(2), to: fc.nat(2), amount: fc.integer({ min: 1, max: 700 }) });
      await fc.assert(
        fc.asyncProperty(fc.array(payment, { minLength: 1, maxLength: 4 }), async (made) => {
          for (const { from, to, amount } of made) {
            number += 1;
            const text = number.toString(16).padStart(64, '0');
            await subject
              .as(keys[from]!)
              .pay(text, [{ to: keys[to]!.hotkey, amount }])
              .catch((error: { code?: string }) => expect(error.code).toBe('insufficient_balance'));
          }
          await subject.seal();
          const now = await balances();
          expect(now.every((balance) => balance >= 0)).toBe(true);
          expect(now.reduce((sum, balance) => sum + balance, 0)).toBe(1005);
        }),
        { numRuns: 12 },
      );
    });
  });
}
