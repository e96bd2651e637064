import { TokenizerError } from './errors.ts';
import { compileSplitPattern, GPT2_SPLIT_PATTERN } from './split-pattern.ts';
import type { TokenizerComponent, TokenizerJson } from './tokenizer-json.ts';

type Component = TokenizerComponent | null | undefined;

function unsupported(component: string, why: string): TokenizerError {
  return new TokenizerError(
    'tokenizer_unsupported',
    `tokenizer.json uses ${component} (${why}), which this byte-level tokenizer does not implement.`,
    { component },
  );
}

/** The members of a `Sequence` component, or the component alone. */
function flatten(component: Component, membersKey: string): TokenizerComponent[] {
  if (component == null) return [];
  if (component.type !== 'Sequence') return [component];
  const members = component[membersKey];
  if (!Array.isArray(members)) {
    throw new TokenizerError('tokenizer_malformed', `A Sequence lacks its "${membersKey}".`, {
      path: membersKey,
    });
  }
  return members.flatMap((member: unknown) => {
    if (typeof member !== 'object' || member === null || typeof Reflect.get(member, 'type') !== 'string') {
      throw new TokenizerError('tokenizer_malformed', `A member of "${membersKey}" has no type.`, {
        path: membersKey,
      });
    }
    return flatten(member as TokenizerComponent, membersKey);
  });
}

/** The patterns that cut text into pre-tokens, applied one after the other to each piece. */
export function splitPatternsOf(preTokenizer: TokenizerJson['pre_tokenizer']): RegExp[] {
  const stages = flatten(preTokenizer, 'pretokenizers');
  const last = stages.at(-1);
  if (last?.type !== 'ByteLevel') {
    throw unsupported(`pre_tokenizer ${last?.type ?? 'null'}`, 'the last stage must be ByteLevel');
  }
  return stages.flatMap((stage) => {
    switch (stage.type) {
      case 'ByteLevel':
        if (stage !== last) throw unsupported('pre_tokenizer.ByteLevel', 'before the last stage');
        if (stage.add_prefix_space === true) throw unsupported('pre_tokenizer.ByteLevel', 'add_prefix_space');
        return stage.use_regex === false ? [] : [compileSplitPattern(GPT2_SPLIT_PATTERN)];
      case 'Digits':
        // Rust's is_numeric, which the original implementation uses, is all of category N.
        return [compileSplitPattern(stage.individual_digits === true ? '\\p{N}' : '\\p{N}+')];
      case 'Split':
        return [splitPattern(stage)];
      default:
        throw unsupported(`pre_tokenizer.${stage.type}`, 'unknown stage');
    }
  });
}

function splitPattern(stage: TokenizerComponent): RegExp {
  if (stage.behavior !== 'Isolated') {
    throw unsupported('pre_tokenizer.Split', `behavior ${String(stage.behavior)}`);
  }
  if (stage.invert === true) throw unsupported('pre_tokenizer.Split', 'invert');
  const pattern: unknown = stage.pattern;
  const regex: unknown = typeof pattern === 'object' && pattern !== null && Reflect.get(pattern, 'Regex');
  if (typeof regex !== 'string') throw unsupported('pre_tokenizer.Split', 'a pattern that is not a Regex');
  return compileSplitPattern(regex);
}

/** The normaliser as a function, or null when text is used as it is. */
export function normalizerOf(normalizer: TokenizerJson['normalizer']): ((text: string) => string) | null {
  const stages = flatten(normalizer, 'normalizers');
  for (const stage of stages) {
    if (stage.type !== 'NFC') throw unsupported(`normalizer.${stage.type}`, 'only NFC is known');
  }
  return stages.length === 0 ? null : (text) => text.normalize('NFC');
}

/** Fails unless the decoder is `ByteLevel` and nothing else. */
export function requireByteLevelDecoder(decoder: TokenizerJson['decoder']): void {
  const stages = flatten(decoder, 'decoders');
  if (stages.length !== 1 || stages[0]!.type !== 'ByteLevel') {
    throw unsupported(`decoder ${stages.map((stage) => stage.type).join('+') || 'null'}`, 'not ByteLevel');
  }
}

/** Ids that the post-processor puts before and after one text. */
export function specialTemplateOf(postProcessor: TokenizerJson['post_processor']): {
  readonly before: readonly number[];
  readonly after: readonly number[];
} {
  const before: number[] = [];
  const after: number[] = [];
  for (const stage of flatten(postProcessor, 'processors')) {
    if (stage.type === 'ByteLevel') continue;
    if (stage.type !== 'TemplateProcessing') {
      throw unsupported(`post_processor.${stage.type}`, 'only ByteLevel and TemplateProcessing are known');
    }
    let seenText = false;
    for (const piece of asArray(stage.single)) {
      if (readPath(piece, 'Sequence', 'id') === 'A') {
        seenText = true;
        continue;
      }
      const name = readPath(piece, 'SpecialToken', 'id');
      const ids = typeof name === 'string' ? asArray(readPath(stage.special_tokens, name, 'ids')) : undefined;
      if (ids === undefined || !ids.every((id) => typeof id === 'number')) {
        throw unsupported('post_processor.TemplateProcessing', 'a piece without ids');
      }
      (seenText ? after : before).push(...(ids as number[]));
    }
  }
  return { before, after };
}

function asArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function readPath(value: unknown, ...path: readonly string[]): unknown {
  let current = value;
  for (const key of path) {
    if (typeof current !== 'object' || current === null) return undefined;
    current = Object.hasOwn(current, key) ? Reflect.get(current, key) : undefined;
  }
  return current;
}
