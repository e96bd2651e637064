import { nodeError } from '../errors.ts';

/**
 * Reads a body of at most `maxBytes`, trusting its stated length only to refuse early. Fails with `body_too_large`
 * before taking in more than one chunk beyond the bound.
 */
export async function readBounded(
  body: ReadableStream<Uint8Array> | null,
  maxBytes: number,
  statedBytes: number | null = null,
): Promise<Uint8Array> {
  if (statedBytes !== null && statedBytes > maxBytes) {
    await body?.cancel().catch(() => undefined);
    throw tooLarge(statedBytes, maxBytes);
  }
  if (body === null) return new Uint8Array(0);
  const chunks: Uint8Array[] = [];
  let total = 0;
  // Leaving the loop early cancels the stream, so nothing more is received.
  for await (const chunk of body) {
    total += chunk.length;
    if (total > maxBytes) throw tooLarge(total, maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, total);
}

/** The stated length of a request's or response's body, or null where it states none or nonsense. */
export function statedLength(headers: Headers): number | null {
  const text = headers.get('content-length');
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null;
}

function tooLarge(bytes: number, maxBytes: number) {
  return nodeError(
    'body_too_large',
    `The body has at least ${bytes} bytes; at most ${maxBytes} are allowed here.`,
    {
      details: { bytes, maxBytes },
    },
  );
}
