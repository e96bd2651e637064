import { getPublicKey, secretFromSeed, sign } from '@scure/sr25519';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Hotkey } from '../brand.ts';
import { fromHex, toHex, utf8 } from './bytes.ts';
import { verifySr25519 } from './sr25519.ts';
import { hotkeyOf, isHotkey, publicKeyOf } from './ss58.ts';

// Substrate's well-known development account //Alice.
const ALICE = '5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY' as Hotkey;
const ALICE_KEY = 'd43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d';

describe('ss58', () => {
  it('reads and writes the published address of //Alice', () => {
    expect(toHex(publicKeyOf(ALICE))).toBe(ALICE_KEY);
    expect(hotkeyOf(fromHex(ALICE_KEY))).toBe(ALICE);
  });

  it('reads back every key it writes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (key) => {
        expect(publicKeyOf(hotkeyOf(key))).toEqual(key);
      }),
      { numRuns: 30 },
    );
  });

  it('refuses changed characters, other prefixes and other lengths', () => {
    expect(isHotkey(ALICE.replace('G', 'H'))).toBe(false);
    expect(isHotkey(`${ALICE}1`)).toBe(false);
    expect(isHotkey('15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5')).toBe(false);
    expect(isHotkey('')).toBe(false);
    expect(isHotkey('z'.repeat(48))).toBe(false);
    expect(isHotkey('0'.repeat(48))).toBe(false);
  });
});

describe('sr25519', () => {
  const secret = secretFromSeed(new Uint8Array(32).fill(7));
  const hotkey = hotkeyOf(getPublicKey(secret));
  const message = utf8('a message');
  const signature = sign(secret, message);

  it('accepts a signature by the same hotkey of the same message only', () => {
    expect(verifySr25519(hotkey, message, signature)).toBe(true);
    expect(verifySr25519(hotkey, utf8('another'), signature)).toBe(false);
    expect(verifySr25519(ALICE, message, signature)).toBe(false);
  });

  it('accepts a signature made by a Substrate wallet', () => {
    // A published schnorrkel signature of "this is a message" in the context `substrate`.
    const signer = hotkeyOf(fromHex('46ebddef8cd9bb167dc30878d7113b7e168e6f0646beffd77d69d39bad76b47a'));
    const published = fromHex(
      '4e172314444b8f820bb54c22e95076f220ed25373e5c178234aa6c211d292712' +
        '44b947e3ff3418ff6b45fd1df1140c8cbff69fc58ee6dc96df70936a2bb74b82',
    );
    expect(verifySr25519(signer, utf8('this is a message'), published)).toBe(true);
  });

  it('returns false for garbage instead of throwing', () => {
    for (const garbage of [new Uint8Array(0), new Uint8Array(64).fill(255), new Uint8Array(65)]) {
      expect(verifySr25519(hotkey, message, garbage)).toBe(false);
    }
    expect(verifySr25519('not a key' as Hotkey, message, signature)).toBe(false);
  });
});
