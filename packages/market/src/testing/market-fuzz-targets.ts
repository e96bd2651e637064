import { ConnitoError, equalBytes, type Hotkey } from '@connito/protocol';
import { decodeExpertDocument, encodeExpertDocument } from '../package/expert-manifest.ts';
import { decodeReceipt, encodeReceipt, NO_RECEIPT, type SignedReceipt } from '../receipt/receipt.ts';
import { decodeIndex, encodeIndex } from '../registry/index-codec.ts';
import { EMPTY_INDEX, entryOf, withEntry } from '../registry/package-index.ts';
import { EXAMPLE_KEYS, examplePackage } from './example-package.ts';

const { server, document } = {
  server: EXAMPLE_KEYS.miner,
  document: (await examplePackage()).get('expert.json')!,
};
const entry = entryOf(decodeExpertDocument(document), ['dir:packages']);
const index = encodeIndex(withEntry(EMPTY_INDEX, entry));

const receipt = encodeReceipt({
  receipt: {
    ...{ sequence: 0, previous: NO_RECEIPT, server: server.hotkey as Hotkey },
    usage: {
      ...{ requestId: 'chatcmpl-1', model: 'composed', promptTokens: 12, completionTokens: 30 },
      ...{ experts: { base: 42, ['ab'.repeat(32)]: 17 }, issuedAtMs: 1_800_000_000_000 },
    },
  },
  signature: 'cd'.repeat(64),
} as SignedReceipt);

/** Refuses with one of its codes, or reads what it would write again. Signatures are another's business: all pass. */
function target(
  name: string,
  valid: readonly Uint8Array[],
  codes: readonly string[],
  rewrite: (bytes: Uint8Array) => Uint8Array,
) {
  return {
    ...{ name, valid, maxRandomBytes: 256 },
    run(bytes: Uint8Array): void {
      let again: Uint8Array;
      try {
        again = rewrite(bytes);
      } catch (error) {
        if (error instanceof ConnitoError && codes.includes(error.code)) return;
        throw error;
      }
      if (!equalBytes(again, bytes)) throw new Error(`a ${name} was read that is written otherwise`);
    },
  };
}

/** Parsers of what the market reads from channels and logs. */
export const marketFuzzTargets = [
  target('package manifest', [document], ['package_malformed'], (bytes) =>
    encodeExpertDocument(decodeExpertDocument(bytes)),
  ),
  target('package index', [index, encodeIndex(EMPTY_INDEX)], ['document_refused'], (bytes) =>
    encodeIndex(decodeIndex(bytes, () => true)),
  ),
  target('receipt', [receipt], ['document_refused'], (bytes) => encodeReceipt(decodeReceipt(bytes))),
];
