import type { CodecParameters } from '../run/run-definition.ts';
import { fp16 } from './fp16.ts';
import { int8 } from './int8.ts';
import { type TopKParameters, topK } from './top-k.ts';
import type { ValueCodec } from './value-codec.ts';

/** Codecs a run definition may choose. */
export const CODEC_KINDS = ['fp16', 'int8', 'top-k'] as const satisfies readonly CodecParameters['kind'][];
export type CodecKind = (typeof CODEC_KINDS)[number];

/** A run definition's codec, or as much of it as encoding needs. A kind without parameters may stand for itself. */
export type CodecChoice = Exclude<CodecKind, 'top-k'> | { readonly kind: Exclude<CodecKind, 'top-k'> } | TopK;
type TopK = TopKParameters & { readonly kind: 'top-k' };

/** How a run encodes values. `top-k` comes with working memory of its own, so keep it where many chunks are coded. */
export function codecOf(choice: CodecChoice): ValueCodec {
  const codec = typeof choice === 'string' ? { kind: choice } : choice;
  switch (codec.kind) {
    case 'fp16':
      return fp16;
    case 'int8':
      return int8;
    case 'top-k':
      return topK(codec);
  }
}
