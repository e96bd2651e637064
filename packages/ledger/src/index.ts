/**
 * The one ordered record everybody shares: the `Ledger` seam, the embedded ledger, and both halves of serving it.
 *
 * @example
 * using ledger = EmbeddedLedger.open({ path: 'ledger.db', genesis });
 * const producer = new BlockProducer({ minBlockMs: 100, maxBlockMs: 30_000 }, { ledger });
 * await using server = await serveLedger({ port: 9944 }, { ledger });
 * await producer.start();
 * const remote: Ledger = new HttpLedger({ url: server.url }, { keypair });
 */
export { BlockProducer, type BlockProducerDependencies } from './block-producer.ts';
export { checkExtract, type ExtractFault } from './check-extract.ts';
export {
  EmbeddedLedger,
  type EmbeddedLedgerDependencies,
  type EmbeddedLedgerOptions,
  type LedgerObserver,
} from './embedded-ledger.ts';
export { LEDGER_STATUSES, type LedgerErrorCode, ledgerError } from './errors.ts';
export { endsEpoch, epochOf, type Genesis, type GenesisInput, parseGenesis } from './genesis.ts';
export { HttpLedger, type HttpLedgerDependencies, type HttpLedgerOptions } from './http-ledger.ts';
export {
  type Block,
  type ChainWeight,
  type Ledger,
  type LedgerNote,
  MAX_NOTE_BYTES,
  type Neuron,
  type NeuronPayout,
} from './ledger.ts';
export {
  decodeLedgerExtract,
  encodeLedgerExtract,
  type LedgerExtract,
  MAX_EXTRACT_BYTES,
} from './ledger-extract.ts';
export {
  createLedgerApp,
  type LedgerServerDependencies,
  type LedgerServerOptions,
  type ServeLedgerOptions,
  serveLedger,
} from './ledger-server.ts';
export { LEDGER_AUDIENCE } from './ledger-wire.ts';
export { type LedgerLimits, LIMITS, type LimitsProfile } from './limits.ts';
export { createLedgerMetrics, LEDGER_METRICS, type LedgerMetrics } from './metrics.ts';
export { MAX_TRANSFERS, type Payment, type PaymentLedger, type Transfer } from './payments.ts';
export { RecordedLedger } from './recorded-ledger.ts';
export { type BlockPace, type SealingDecision, SealingRule } from './sealing-rule.ts';
