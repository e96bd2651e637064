import { type ArtifactHash, sha256Hex, utf8 } from '@connito/protocol';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ArtifactStore } from './artifact-store.ts';

export type ArtifactStoreUnderTest = AsyncDisposable & {
  readonly store: ArtifactStore;
  /** Whether the adapter can list and prune; one that cannot refuses with `not_supported`. */
  readonly enumerable: boolean;
};

/** What every artifact store must do. `create` makes an empty one for each test. */
export function describeArtifactStore(name: string, create: () => Promise<ArtifactStoreUnderTest>): void {
  describe(`${name} as an artifact store`, () => {
    let subject: ArtifactStoreUnderTest;
    let store: ArtifactStore;
    beforeEach(async () => {
      subject = await create();
      store = subject.store;
    });
    afterEach(() => subject[Symbol.asyncDispose]());

    const bytes = utf8('a delta, a report or a slice');
    const absent = sha256Hex(utf8('never stored'));
    const unlimited = { maxBytes: 1 << 30 };

    it('names artifacts by their sha256 and returns the same bytes', async () => {
      const hash = await store.put(bytes);
      expect(hash).toBe(sha256Hex(bytes));
      expect(Buffer.from(await store.get(hash, unlimited))).toEqual(Buffer.from(bytes));
      expect(await store.size(hash)).toBe(bytes.length);
    });

    it('stores the same bytes twice as one', async () => {
      expect(await store.put(bytes)).toBe(await store.put(bytes));
      expect(await store.size(sha256Hex(bytes))).toBe(bytes.length);
    });

    it('keeps empty and large artifacts', async () => {
      const large = new Uint8Array(3_000_001).map((_, i) => (i * 7919) >> 3);
      for (const artifact of [new Uint8Array(0), large]) {
        const hash = await store.put(artifact);
        expect(sha256Hex(await store.get(hash, unlimited))).toBe(hash);
      }
    });

    it('says what is missing', async () => {
      expect(await store.size(absent)).toBeNull();
      await expect(store.get(absent, unlimited)).rejects.toMatchObject({ code: 'artifact_missing' });
      await expect(store.getRange(absent, 0, 1)).rejects.toMatchObject({ code: 'artifact_missing' });
    });

    it('refuses what is larger than its reader allows', async () => {
      const hash = await store.put(bytes);
      const options = { maxBytes: bytes.length - 1 };
      await expect(store.get(hash, options)).rejects.toMatchObject({ code: 'artifact_too_large' });
      await expect(store.get(hash, { maxBytes: bytes.length })).resolves.toHaveLength(bytes.length);
    });

    it('reads ranges, the end excluded', async () => {
      const hash = await store.put(bytes);
      const range = async (start: number, end: number) =>
        Buffer.from(await store.getRange(hash, start, end)).toString();
      expect(await range(2, 7)).toBe('delta');
      expect(await range(0, bytes.length)).toBe(Buffer.from(bytes).toString());
      expect(await range(4, 4)).toBe('');
    });

    it('refuses ranges outside the artifact', async () => {
      const hash = await store.put(bytes);
      for (const [start, end] of [
        [0, bytes.length + 1],
        [bytes.length + 1, bytes.length + 2],
      ] as const) {
        await expect(store.getRange(hash, start, end)).rejects.toMatchObject({ code: 'range_unsatisfiable' });
      }
    });

    it.each([
      '',
      '../../etc/passwd',
      'ABCDEF',
      `${'a'.repeat(63)}/`,
      'A'.repeat(64),
      `${'a'.repeat(64)}.part`,
    ])('refuses the name %j', async (text) => {
      const refusal = { code: 'invalid_artifact_hash' };
      const ask = async () => store.get(text as ArtifactHash, unlimited);
      await expect(ask()).rejects.toMatchObject(refusal);
      await expect((async () => store.size(text as ArtifactHash))()).rejects.toMatchObject(refusal);
    });

    it('stops at once when its signal has fired', async () => {
      const hash = await store.put(bytes);
      const signal = AbortSignal.abort(new Error('round is over'));
      await expect(store.get(hash, { ...unlimited, signal })).rejects.toThrow('round is over');
      await expect(store.put(utf8('more'), signal)).rejects.toThrow('round is over');
    });

    it('lists what it holds and prunes the rest, or refuses both', async () => {
      const kept = await store.put(bytes);
      await store.put(utf8('old'));
      const list = async () => {
        const found: unknown[] = [];
        for await (const entry of store.list()) found.push(entry);
        return found;
      };
      if (!subject.enumerable) {
        await expect(list()).rejects.toMatchObject({ code: 'not_supported' });
        await expect(store.prune(new Set())).rejects.toMatchObject({ code: 'not_supported' });
        return;
      }
      expect(await list()).toHaveLength(2);
      expect(await store.prune(new Set([kept]))).toBe(3);
      expect(await list()).toEqual([{ hash: kept, bytes: bytes.length }]);
    });
  });
}
