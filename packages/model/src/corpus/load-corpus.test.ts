import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { createReferenceTokenizer } from '../tokenizer/testing/reference-tokenizer.ts';
import { createTokenizer, type Tokenizer } from '../tokenizer/tokenizer.ts';
import { parseTokenizerJson, type TokenizerJson } from '../tokenizer/tokenizer-json.ts';
import { CORPUS_PARTS, DOMAINS } from './corpus.ts';
import { type CorpusParts, loadCorpusParts } from './load-corpus.ts';
import { prepareShard } from './prepare.ts';
import { sequencesOf } from './sequences.ts';
import { trainTokenizer } from './train-tokenizer.ts';

const SHIPPED = new URL('../../../../models/foundation/tokenizer.json', import.meta.url);

let json: TokenizerJson;
let tokenizer: Tokenizer;
let corpora: CorpusParts[];

beforeAll(async () => {
  json = parseTokenizerJson(await readFile(SHIPPED, 'utf8'));
  tokenizer = createTokenizer(json);
  corpora = await Promise.all(DOMAINS.map((domain) => loadCorpusParts(domain)));
});

describe.each([...DOMAINS.keys()].map((index) => [DOMAINS[index]!, index] as const))(
  'the %s corpus',
  (_, index) => {
    it('has disjoint parts, with whole clusters in one part', () => {
      const { parts } = corpora[index]!;
      const partOfCluster = new Map<string, string>();
      const ids = new Set<string>();
      const misplaced: string[] = [];
      for (const part of CORPUS_PARTS) {
        for (const { id, cluster } of parts[part]) {
          if (ids.has(id) || (partOfCluster.get(cluster) ?? part) !== part) misplaced.push(id);
          ids.add(id);
          partOfCluster.set(cluster, part);
        }
      }
      expect(misplaced).toEqual([]);
    });

    it('has several hundred held-out sequences from many clusters', () => {
      const heldout = prepareShard(corpora[index]!, 'heldout', tokenizer);
      const pool = sequencesOf(heldout.shard, 128);
      expect(pool.documents.length).toBeGreaterThan(350);
      expect(new Set(pool.clusters).size).toBeGreaterThan(20);
      const bytesPerToken = heldout.textBytes / heldout.shard.tokens.length;
      expect(bytesPerToken).toBeGreaterThan(1.8);
      expect(bytesPerToken).toBeLessThan(4.5);
    });

    it('has normalised line ends', () => {
      const { parts } = corpora[index]!;
      const returns = CORPUS_PARTS.flatMap((part) => parts[part].filter(({ text }) => text.includes('\r')));
      expect(returns).toEqual([]);
    });

    it('is encoded like the reference library does, and decoded without loss', () => {
      const reference = createReferenceTokenizer(json);
      const sample = corpora[index]!.parts.heldout.filter((_, at) => at % 25 === 0);
      for (const { id, text } of sample) {
        const ids = tokenizer.encode(text);
        expect([...ids], id).toEqual(reference.encode(text, { add_special_tokens: false }).ids);
        expect(tokenizer.decode(ids), id).toBe(text);
      }
    });
  },
);

describe('the shipped tokenizer', () => {
  it('is what training on the corpora gives', () => {
    const trained = trainTokenizer(corpora);
    expect(trained.model.merges).toEqual(json.model.merges);
    expect(trained).toEqual(json);
  });
});
