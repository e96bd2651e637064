import { describe, expect, it } from 'vitest';
import { isEnglish, licenceFamily } from './law.ts';

describe('licenceFamily', () => {
  it.each([
    ['Apache-1.1', 'Apache'],
    ['Apache-2.0', 'Apache'],
    ['LGPL-2.1-or-later', 'GNU'],
    ['AGPL-3.0-only', 'GNU'],
    ['GFDL-1.3', 'GNU'],
    ['BSD-3-Clause', 'BSD'],
    ['CC-BY-4.0', 'CC'],
    ['MIT-0', 'MIT'],
    ['0BSD', '0BSD'],
  ])('%s belongs to %s', (name, family) => {
    expect(licenceFamily(name)).toBe(family);
  });
});

describe('isEnglish', () => {
  it('tells licences from their translations', () => {
    expect(isEnglish('Permission to use this software is granted by the author of the work.')).toBe(true);
    expect(isEnglish('Die Nutzung dieser Software ist unter den folgenden Bedingungen gestattet.')).toBe(
      false,
    );
  });
});
