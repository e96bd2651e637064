import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutSections } from './sections.ts';

const text = fc
  .array(
    fc.constantFrom('word', ' ', '. ', '\n', '\n\n', 'a longer run of words ', '👩‍👩‍👧', 'x'.repeat(90)),
    { maxLength: 300 },
  )
  .map((pieces) => pieces.join(''));

describe('cutSections', () => {
  it('loses nothing, keeps the cluster, and numbers the sections', () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 20, max: 500 }), (body, sectionChars) => {
        const sections = cutSections({ id: 'd', text: body, cluster: 'c' }, sectionChars);
        expect(sections.map((section) => section.text).join('')).toBe(body);
        expect(sections.every((section) => section.cluster === 'c')).toBe(true);
        expect(new Set(sections.map((section) => section.id)).size).toBe(sections.length);
        // Never through a surrogate pair.
        expect(sections.every((section) => section.text.isWellFormed())).toBe(true);
        if (body.length >= 2 * sectionChars) {
          for (const section of sections) {
            expect(section.text.length).toBeGreaterThanOrEqual(sectionChars);
            expect(section.text.length).toBeLessThan(2 * sectionChars + 300);
          }
        }
      }),
    );
  });

  it('prefers the end of a paragraph to the end of a line, a sentence or a word', () => {
    const body = `${'a'.repeat(30)} b. c\nd\n\n${'e'.repeat(60)}`;
    expect(cutSections({ id: 'd', text: body, cluster: 'c' }, 30)[0]!.text).toMatch(/d\n\n$/);
  });
});
