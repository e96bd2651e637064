import { randomBytes } from 'node:crypto';
import { HttpLedger } from '@connito/ledger';
import { keypairFromMiniSecret } from '@connito/node';

/** A served ledger for someone who only reads: its key is made up, registered nowhere, and forgotten. */
export function observerLedger(url: URL, outageMs?: number): HttpLedger {
  const keypair = keypairFromMiniSecret(randomBytes(32));
  return new HttpLedger({ url, ...(outageMs === undefined ? {} : { outageMs }) }, { keypair });
}
