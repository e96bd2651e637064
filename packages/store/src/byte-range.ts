/** A half-open range of bytes, `end` excluded. */
export type ByteRange = { readonly start: number; readonly end: number };

/**
 * Reads a `Range` header against a known size. Null where there is none or one of a kind that may be ignored (several
 * ranges, other units); `'unsatisfiable'` where it starts beyond the end (RFC 9110, section 14).
 */
export function parseRange(header: string | undefined, bytes: number): ByteRange | 'unsatisfiable' | null {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '');
  if (match === null) return null;
  const [, first = '', last = ''] = match;
  if (first === '') {
    // A suffix: the last so many bytes.
    if (last === '') return null;
    const length = Math.min(Number(last), bytes);
    return length === 0 ? 'unsatisfiable' : { start: bytes - length, end: bytes };
  }
  const start = Number(first);
  const end = last === '' ? bytes : Math.min(Number(last) + 1, bytes);
  if (last !== '' && Number(last) < start) return null;
  return start >= bytes ? 'unsatisfiable' : { start, end };
}

/** Reads the `Content-Range` of a 206 answer, or null where it is malformed or of unknown size. */
export function parseContentRange(header: string | null): (ByteRange & { readonly bytes: number }) | null {
  const match = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15})$/.exec(header ?? '');
  if (match === null) return null;
  const [start, last, bytes] = match.slice(1).map(Number) as [number, number, number];
  return start <= last && last < bytes ? { start, end: last + 1, bytes } : null;
}
