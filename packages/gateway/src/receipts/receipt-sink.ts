import type { Usage } from '@connito/market';

/** Where the usage of every answered request goes. The market's `ReceiptLog` is one. */
export interface ReceiptSink {
  /** Resolves once the usage cannot be lost. */
  append(usage: Usage): Promise<unknown>;
}

/** For servers that nobody is paid by. */
export const noReceipts: ReceiptSink = { append: () => Promise.resolve() };
