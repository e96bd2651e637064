import type { CorpusDocument } from './corpus.ts';

/** Where a text may be cut, best first: between paragraphs, lines, sentences, words. */
const BREAKS = ['\n\n', '\n', '. ', ' '] as const;

/**
 * Cuts a document into consecutive sections of about `sectionChars`, each a document of the same cluster.
 *
 * A held-out pool takes one sequence from each document, so a long document would else count like a short one.
 * A short last section joins the one before it.
 */
export function cutSections(document: CorpusDocument, sectionChars: number): CorpusDocument[] {
  const { text } = document;
  if (text.length < 2 * sectionChars) return [document];
  const sections: CorpusDocument[] = [];
  let start = 0;
  while (start < text.length) {
    // A section never runs on so far that the rest becomes a short one.
    const latest = Math.min(start + sectionChars + MAX_OVERRUN_CHARS, text.length - sectionChars);
    const end =
      text.length - start < 2 * sectionChars ? text.length : breakBetween(text, start + sectionChars, latest);
    sections.push({
      id: `${document.id}#${`${sections.length}`.padStart(4, '0')}`,
      text: text.slice(start, end),
      cluster: document.cluster,
    });
    start = end;
  }
  return sections;
}

/** The position after the best break that starts between two positions, or else the first of them. */
function breakBetween(text: string, first: number, latest: number): number {
  const window = text.slice(first, latest);
  for (const mark of BREAKS) {
    const found = window.indexOf(mark);
    if (found >= 0) return first + found + mark.length;
  }
  // Never between the two halves of a surrogate pair.
  return isHighSurrogate(text.charCodeAt(first - 1)) ? first + 1 : first;
}

/** How far a section may run on to reach a break. */
const MAX_OVERRUN_CHARS = 300;

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}
