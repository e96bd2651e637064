import type { Hotkey } from '@connito/protocol';
import type { EmbeddedLedger } from './embedded-ledger.ts';
import type { Ledger } from './ledger.ts';
import type { PaymentLedger } from './payments.ts';

/** Every method of the seams for one hotkey. Asynchronous, so that a refusal rejects the promise and never throws. */
export function hotkeyView(ledger: EmbeddedLedger, hotkey: Hotkey): Ledger & PaymentLedger {
  const now = async <T>(signal: AbortSignal | undefined, work: () => T): Promise<T> => {
    signal?.throwIfAborted();
    return work();
  };
  return {
    head: (signal) => now(signal, () => ledger.head),
    block: (number, signal) => now(signal, () => ledger.block(number)),
    waitForBlock: (number, signal) => ledger.waitForBlock(number, signal),
    register: (signal) => now(signal, () => ledger.register(hotkey)),
    neurons: (atBlock, signal) => now(signal, () => ledger.neurons(atBlock)),
    commit: (data, signal) => now(signal, () => ledger.commit(hotkey, data)),
    notes: (fromBlock, toBlock, signal) => now(signal, () => ledger.notes(fromBlock, toBlock)),
    announce: (endpoint, signal) => now(signal, () => ledger.announce(hotkey, endpoint)),
    setWeights: (weights, signal) => now(signal, () => ledger.setWeights(hotkey, weights)),
    payouts: (atBlock, signal) => now(signal, () => ledger.payouts(atBlock)),
    balance: (of, atBlock, signal) => now(signal, () => ledger.balance(of, atBlock)),
    pay: (reference, transfers, signal) => now(signal, () => ledger.pay(hotkey, reference, transfers)),
    payments: (fromBlock, toBlock, signal) => now(signal, () => ledger.payments(fromBlock, toBlock)),
    ready: (number, signal) => now(signal, () => ledger.ready(hotkey, number)),
  };
}
