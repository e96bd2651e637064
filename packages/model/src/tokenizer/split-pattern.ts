import { TokenizerError } from './errors.ts';

/**
 * How text is cut into pre-tokens before any merge: words with one leading separator, single digits (so that
 * arithmetic sees aligned place values), punctuation runs, line ends and space runs.
 *
 * Qwen's pattern with its `(?i:…)` group spelt out: case folding of `s` differs between engines at U+017F.
 */
export const DEFAULT_SPLIT_PATTERN =
  "'(?:[sStTmMdD]|[rR][eE]|[vV][eE]|[lL][lL])|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

/** The pattern that the `ByteLevel` pre-tokenizer applies when its `use_regex` is true (GPT-2's). */
export const GPT2_SPLIT_PATTERN =
  "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

const ESCAPES: Readonly<Record<string, string>> = {
  // ECMAScript's \s has U+FEFF and lacks U+0085; Oniguruma's is Unicode White_Space.
  s: '\\p{White_Space}',
  S: '\\P{White_Space}',
  d: '\\p{Nd}',
  D: '\\P{Nd}',
  r: '\\r',
  n: '\\n',
  t: '\\t',
  f: '\\f',
  v: '\\v',
};

/** Oniguruma's `^` and `$` always stand for line ends, whatever the flags. */
const ANCHORS: Readonly<Record<string, string>> = {
  '^': '(?<![^\\n])',
  $: '(?![^\\n])',
};

const GROUP_OPENINGS = ['(?i:', '(?:', '(?=', '(?!', '(?<=', '(?<!'] as const;

/**
 * Translates the Oniguruma pattern of a tokenizer.json into an ECMAScript one with the same matches.
 *
 * Only the constructs that published byte-level tokenizers use are translated; any other is an error that names
 * it, because a pattern that matches slightly differently gives wrong tokens without any sign.
 */
export function compileSplitPattern(pattern: string): RegExp {
  let out = '';
  let index = 0;
  let inClass = false;
  const foldStack: boolean[] = [false];
  const unsupported = (construct: string): never => {
    throw new TokenizerError(
      'tokenizer_unsupported',
      `Split pattern uses "${construct}" at ${index}, which this tokenizer does not translate.`,
      { component: 'pre_tokenizer.Split', construct, index },
    );
  };
  while (index < pattern.length) {
    const char = pattern[index]!;
    const fold = foldStack.at(-1)!;
    if (char === '\\') {
      const property = /^\\[pP]\{[^}]+\}/.exec(pattern.slice(index));
      const next = pattern[index + 1] ?? '';
      if (property) {
        out += property[0];
        index += property[0].length;
      } else if (ESCAPES[next] !== undefined) {
        out += ESCAPES[next];
        index += 2;
      } else if (/[^A-Za-z0-9\s]/.test(next)) {
        out += /[\^$\\.*+?()[\]{}|/-]/.test(next) && (inClass || next !== '-') ? `\\${next}` : next;
        index += 2;
      } else {
        unsupported(`\\${next}`);
      }
    } else if (inClass) {
      if (char === '[' || pattern.startsWith('&&', index)) unsupported(char === '[' ? 'nested class' : '&&');
      if (char === ']') inClass = false;
      if (fold && /[A-Za-z]/.test(char)) unsupported('class inside (?i:…)');
      out += char;
      index += 1;
    } else if (char === '[') {
      inClass = true;
      out += char;
      index += 1;
      if (pattern[index] === '^') {
        out += '^';
        index += 1;
      }
      if (pattern[index] === ']') unsupported('class that opens with ]');
    } else if (char === '(') {
      const opening = GROUP_OPENINGS.find((prefix) => pattern.startsWith(prefix, index));
      if (opening === undefined && pattern[index + 1] === '?') unsupported(pattern.slice(index, index + 3));
      foldStack.push(fold || opening === '(?i:');
      out += opening === undefined || opening === '(?i:' ? '(?:' : opening;
      index += opening === undefined ? 1 : opening.length;
    } else if (char === ')') {
      if (foldStack.length === 1) unsupported('unbalanced )');
      foldStack.pop();
      out += char;
      index += 1;
    } else if (ANCHORS[char] !== undefined) {
      out += ANCHORS[char];
      index += 1;
    } else if (char === '.') {
      unsupported(char);
    } else if (/[?*+}]/.test(char) && pattern[index + 1] === '+') {
      unsupported(`possessive ${char}+`);
    } else {
      out += fold && /[A-Za-z]/.test(char) ? `[${char.toLowerCase()}${char.toUpperCase()}]` : char;
      index += 1;
    }
  }
  try {
    return new RegExp(out, 'gu');
  } catch (cause) {
    throw new TokenizerError(
      'tokenizer_malformed',
      'Split pattern is not a regular expression.',
      { component: 'pre_tokenizer.Split' },
      { cause },
    );
  }
}

/** The matches of a pattern and the text between them, in order: the `Isolated` behaviour of `Split`. */
export function* splitAll(text: string, pattern: RegExp): Generator<string> {
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    if (match.index > end) yield text.slice(end, match.index);
    if (match[0].length > 0) yield match[0];
    end = match.index + match[0].length;
  }
  if (end < text.length) yield text.slice(end);
}
