/** A text with a larger share of other letters is in another script. */
const MAX_OTHER_SHARE = 0.2;

/**
 * Whether a text's letters are mainly Latin. The foundation has learnt no other script: on a text in one, loss measures
 * bytes, not the domain.
 */
export function isMainlyLatin(text: string): boolean {
  const letters = text.match(/\p{L}/gu)?.length ?? 0;
  const latin = text.match(/\p{Script=Latin}/gu)?.length ?? 0;
  return letters - latin <= MAX_OTHER_SHARE * letters;
}
