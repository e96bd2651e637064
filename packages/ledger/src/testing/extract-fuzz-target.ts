import { ConnitoError, equalBytes, type Uid } from '@connito/protocol';
import { checkExtract } from '../check-extract.ts';
import { EmbeddedLedger } from '../embedded-ledger.ts';
import { decodeLedgerExtract, encodeLedgerExtract } from '../ledger-extract.ts';

const ALICE = '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY' as never;
const BOB = '5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty' as never;

/** `decodeLedgerExtract` and `checkExtract` on any bytes: refuse, or find what differs; only the extract itself is sound. */
export function extractFuzzTarget() {
  const valid = exampleExtract();
  return {
    name: 'ledger extract',
    valid: [valid],
    maxRandomBytes: 200,
    run(bytes: Uint8Array): void {
      let faults: number;
      try {
        const extract = decodeLedgerExtract(bytes);
        if (!equalBytes(encodeLedgerExtract(extract), bytes)) throw new Error('an extract has two encodings');
        faults = checkExtract(extract).length;
      } catch (error) {
        if (!(error instanceof ConnitoError)) throw error;
        return;
      }
      // A ledger cut short is a ledger; with any other change a hash is wrong.
      if (faults === 0 && bytes.length >= valid.length && !equalBytes(bytes, valid))
        throw new Error('a change went unseen');
    },
  };
}

function exampleExtract(): Uint8Array {
  let drawn = 0;
  using ledger = EmbeddedLedger.open(
    {
      path: ':memory:',
      genesis: { networkName: 'fuzz', netuid: 1, stakes: [{ hotkey: ALICE, stake: '1000' }], tempoBlocks: 2 },
    },
    { entropy: () => new Uint8Array(32).fill(++drawn) },
  );
  ledger.register(ALICE);
  ledger.register(BOB);
  ledger.seal();
  ledger.commit(BOB, Uint8Array.of(1, 2, 3));
  ledger.setWeights(ALICE, [{ uid: 1 as Uid, weight: 65_535 }]);
  ledger.seal();
  ledger.seal();
  return encodeLedgerExtract(ledger.extract(3));
}
