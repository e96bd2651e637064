import { taggedHashHex, utf8 } from '@connito/protocol';
import type { MarketFacts } from '../api/schemas/market.ts';

const hashOf = (label: string): string => taggedHashHex('connito/1/test', utf8(label));

/** Text of a stranger that would act if a page took it for more than text. */
export const HOSTILE = '<img src=x onerror="alert(1)"><script>alert(2)</script>"\'javascript:alert(3)';

/** Two packages, one of them revoked, and two statements. What they say means nothing. */
export function sampleMarket(run: string, miner: string): MarketFacts {
  const mine = {
    id: hashOf('math'),
    name: '@lab/math',
    version: '1.2.0',
    description: HOSTILE,
    status: 'active',
    notice: null,
    domain: 'math',
    base: hashOf('base'),
    architecture: 'qwen3-moe',
    experts: 16,
    parameters: 393_216,
    sizeBytes: 1_640_000,
    licence: 'MIT',
    pricePerMillionTokens: 2_500,
    gain: {
      domain: 'math',
      meanNanoNats: 817_400_000,
      lowerNanoNats: 663_000_000,
      upperNanoNats: 971_800_000,
    },
    worstGeneral: {
      domain: 'prose',
      meanNanoNats: -4_000_000,
      lowerNanoNats: -6_000_000,
      upperNanoNats: -2_000_000,
    },
    run,
    mergedRounds: 5,
    miners: 2,
    publisher: miner,
    signers: [miner],
    channels: ['dir:/packages'],
  } as const;
  const revoked = {
    ...mine,
    id: hashOf('law'),
    name: '@lab/law',
    status: 'revoked',
    notice: { kind: 'revoke', reason: HOSTILE, replacement: '1.3.0', sequence: 2 },
    domain: 'law',
    gain: null,
    run: hashOf('other run'),
  } as const;
  const statement = {
    file: '/statements/0.json',
    hash: hashOf('statement 0'),
    server: miner,
    number: 0,
    previous: null,
    receipts: { first: 0, end: 40, head: hashOf('receipt') },
    tokens: 4_000_000,
    baseTokens: 1_000_000,
    total: 7_500,
    carriedMillionths: 0,
    packages: [
      {
        id: mine.id,
        name: mine.name,
        version: mine.version,
        tokens: 3_000_000,
        pricePerMillionTokens: 2_500,
        amount: 7_500,
      },
    ],
    payees: [{ hotkey: miner, amount: 7_500 }],
    payment: { kind: 'paid', block: 31 },
  } as const;
  const next = {
    ...statement,
    hash: hashOf('statement 1'),
    number: 1,
    payment: { kind: 'unpaid', upToBlock: 90 },
  } as const;
  return {
    index: '/market.json',
    packages: [mine, revoked],
    statements: [next, statement].map((each) => ({
      ...each,
      packages: [...each.packages],
      payees: [...each.payees],
    })),
  } as unknown as MarketFacts;
}
