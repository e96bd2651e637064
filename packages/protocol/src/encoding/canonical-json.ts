import { type ErrorDetails, protocolError } from '../errors.ts';
import { equalBytes, utf8 } from './bytes.ts';

/** What canonical JSON can hold. Numbers are safe integers; fractions travel as decimal strings. */
export type CanonicalValue =
  | null
  | boolean
  | number
  | string
  | readonly CanonicalValue[]
  | { readonly [key: string]: CanonicalValue };

export type CanonicalLimits = {
  readonly maxBytes: number;
  /** Deepest nesting of arrays and objects; a scalar has depth 0. */
  readonly maxDepth?: number;
};

/** Nothing in the protocol nests deeper than 8; the slack is for packages built on it. */
const DEFAULT_MAX_DEPTH = 16;

/**
 * The one encoder of everything hashed or signed: RFC 8785 restricted to safe integers. Keys are sorted by UTF-16 code
 * unit, there is no white space, and each value has exactly one encoding. Fails with `not_canonical_value`.
 */
export function encodeCanonical(value: CanonicalValue, maxDepth = DEFAULT_MAX_DEPTH): Uint8Array {
  const out: string[] = [];
  write(value, '$', maxDepth, out);
  return utf8(out.join(''));
}

function write(value: unknown, path: string, depthLeft: number, out: string[]): void {
  switch (typeof value) {
    case 'boolean':
      out.push(value ? 'true' : 'false');
      return;
    case 'number':
      if (!Number.isSafeInteger(value) || Object.is(value, -0)) {
        throw refuseValue(path, 'a number that is not a safe integer', { value: String(value) });
      }
      out.push(String(value));
      return;
    case 'string':
      out.push(quote(value, path));
      return;
    case 'object':
      break;
    default:
      throw refuseValue(path, `a value of type ${typeof value}`);
  }
  if (value === null) {
    out.push('null');
    return;
  }
  if (depthLeft === 0) throw refuseValue(path, 'nesting beyond the depth limit (or a cycle)');
  if (Array.isArray(value)) writeArray(value, path, depthLeft, out);
  else writeObject(value, path, depthLeft, out);
}

function writeArray(values: readonly unknown[], path: string, depthLeft: number, out: string[]): void {
  out.push('[');
  for (let i = 0; i < values.length; i++) {
    if (i > 0) out.push(',');
    write(values[i], `${path}[${i}]`, depthLeft - 1, out);
  }
  out.push(']');
}

function writeObject(value: object, path: string, depthLeft: number, out: string[]): void {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null)
    throw refuseValue(path, 'an object that is not plain');
  // The default sort compares UTF-16 code units.
  const entries = new Map(Object.entries(value));
  const keys = [...entries.keys()].sort();
  out.push('{');
  keys.forEach((key, i) => {
    if (i > 0) out.push(',');
    out.push(quote(key, path), ':');
    write(entries.get(key), `${path}.${key}`, depthLeft - 1, out);
  });
  out.push('}');
}

function quote(text: string, path: string): string {
  if (!text.isWellFormed()) throw refuseValue(path, 'a string with a lone surrogate');
  return JSON.stringify(text);
}

function refuseValue(path: string, what: string, details: ErrorDetails = {}) {
  return protocolError('not_canonical_value', `Canonical JSON cannot hold ${what}, found at ${path}.`, {
    path,
    ...details,
  });
}

/**
 * Reads canonical JSON and refuses every other spelling of it: white space, unsorted or repeated keys, other number
 * or escape forms, invalid UTF-8. Size and depth are checked before anything is parsed. Fails with
 * `not_canonical_bytes`.
 */
export function decodeCanonical(bytes: Uint8Array, limits: CanonicalLimits): CanonicalValue {
  const maxDepth = limits.maxDepth ?? DEFAULT_MAX_DEPTH;
  if (bytes.length > limits.maxBytes) {
    throw refuseBytes(`${bytes.length} bytes are more than the ${limits.maxBytes} allowed`, {
      bytes: bytes.length,
    });
  }
  if (depthOf(bytes) > maxDepth) throw refuseBytes(`nesting is deeper than ${maxDepth}`, { maxDepth });

  let value: CanonicalValue;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (cause) {
    throw refuseBytes('they are not JSON in UTF-8', {}, cause);
  }
  let canonical: Uint8Array;
  try {
    canonical = encodeCanonical(value, maxDepth);
  } catch (cause) {
    throw refuseBytes('they hold a value outside canonical JSON', {}, cause);
  }
  if (!equalBytes(canonical, bytes)) throw refuseBytes('they are JSON, but not in its canonical spelling');
  return value;
}

/** Deepest bracket nesting outside strings, from the bytes alone. */
function depthOf(bytes: Uint8Array): number {
  const QUOTE = 0x22;
  const BACKSLASH = 0x5c;
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (inString) {
      if (byte === BACKSLASH) i += 1;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (byte === 0x5b || byte === 0x7b) deepest = Math.max(deepest, ++depth);
    else if (byte === 0x5d || byte === 0x7d) depth -= 1;
  }
  return deepest;
}

function refuseBytes(why: string, details: ErrorDetails = {}, cause?: unknown) {
  return protocolError('not_canonical_bytes', `Refused bytes as canonical JSON: ${why}.`, details, { cause });
}
