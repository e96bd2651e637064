import type { z } from 'zod';
import { type ApiError, badRequest } from '../errors.ts';

type Issue = z.core.$ZodIssue;

/** Fields whose numbers need not be whole. */
const DECIMALS: ReadonlySet<string> = new Set(['temperature', 'top_p']);
const MAX_SHOWN_CHARS = 100;

/** What is wrong with a field of a request's body, in the words and with the codes that OpenAI's API has for it. */
export function fieldError(issue: Issue, body: unknown): ApiError {
  const { path } = issue;
  const value = valueAt(body, path);
  const param = paramOf(path);
  const invalid = (what: string, expected: string, got: string, code: string) =>
    badRequest(`Invalid '${param}': ${what}. Expected ${expected}, but got ${got} instead.`, param, code);
  if (value === undefined && (issue.code === 'invalid_type' || issue.code === 'invalid_union')) {
    return badRequest(`Missing required parameter: '${param}'.`, param, 'missing_required_parameter');
  }
  switch (issue.code) {
    case 'unrecognized_keys': {
      const unknown = paramOf([...path, issue.keys[0] ?? '']);
      return badRequest(`Unrecognized request argument supplied: ${unknown}`, unknown);
    }
    case 'invalid_type': {
      if (path.length === 0) return badRequest('The body of your request must be a JSON object.');
      // A field that is never taken says why itself.
      if (issue.expected === 'never') return badRequest(`Invalid '${param}': ${issue.message}`, param);
      return wrongType([issue.expected]);
    }
    case 'invalid_union':
      return unionError(issue);
    case 'too_small':
    case 'too_big': {
      const isSmall = issue.code === 'too_small';
      const bound = Number(isSmall ? issue.minimum : issue.maximum);
      if (typeof value === 'number') {
        const kind = DECIMALS.has(param) ? 'decimal' : 'integer';
        const sign = `${isSmall ? '>' : '<'}${issue.inclusive === false ? '' : '='}`;
        const [what, code] = isSmall ? ['below minimum', 'below_min'] : ['above maximum', 'above_max'];
        return invalid(
          `${kind} ${what} value`,
          `a value ${sign} ${bound}`,
          `${value}`,
          `${kind}_${code}_value`,
        );
      }
      const kind = Array.isArray(value) ? 'array' : 'string';
      const { length } = value as string | readonly unknown[];
      if (length === 0) {
        return invalid(
          `empty ${kind}`,
          `${an(kind)} with minimum length ${bound}`,
          `an empty ${kind}`,
          `empty_${kind}`,
        );
      }
      const [what, side, code] = isSmall
        ? ['too short', 'minimum', 'below_min']
        : ['too long', 'maximum', 'above_max'];
      return invalid(
        `${kind} ${what}`,
        `${an(kind)} with ${side} length ${bound}`,
        `${an(kind)} with length ${length}`,
        `${kind}_${code}_length`,
      );
    }
    case 'invalid_value': {
      const supported = issue.values.map((one) => `'${String(one)}'`).join(', ');
      const message = `Invalid value: '${shown(value)}'. Supported values are: ${supported}.`;
      return badRequest(message, param, 'invalid_value');
    }
    default:
      return badRequest(`Invalid '${param}': ${issue.message}`, param, 'invalid_value');
  }

  function wrongType(expected: readonly string[]): ApiError {
    const names = [...new Set(expected)].map((type) => an(typeName(type, param)));
    const wanted = names.length === 1 ? names[0] : `one of ${names.join(' or ')}`;
    const message = `Invalid type for '${param}': expected ${wanted}, but got ${an(typeOf(value))} instead.`;
    return badRequest(message, param, 'invalid_type');
  }

  /** Of the alternative that the value was meant as: the one with the fewest faults, below its outermost type. */
  function unionError({ errors }: Extract<Issue, { code: 'invalid_union' }>): ApiError {
    const [nearest] = errors
      .filter(([first]) => first !== undefined && (first.path.length > 0 || first.code !== 'invalid_type'))
      .sort((a, b) => a.length - b.length);
    const first = nearest?.[0];
    if (first !== undefined) return fieldError({ ...first, path: [...path, ...first.path] }, body);
    return wrongType(errors.flat().flatMap((one) => (one.code === 'invalid_type' ? [one.expected] : [])));
  }
}

/** `messages[0].content` */
function paramOf(path: readonly PropertyKey[]): string {
  return path
    .map((key, i) => (typeof key === 'number' ? `[${key}]` : `${i === 0 ? '' : '.'}${String(key)}`))
    .join('')
    .slice(0, 200);
}

function typeName(expected: string, param: string): string {
  if (expected === 'number') return DECIMALS.has(param) ? 'decimal' : 'integer';
  return expected === 'int' ? 'integer' : expected === 'record' ? 'object' : expected;
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'decimal';
  return typeof value;
}

function an(noun: string): string {
  return noun === 'null' ? noun : `${/^[aeiou]/.test(noun) ? 'an' : 'a'} ${noun}`;
}

/** Objects and lists by their type alone: they may be nested deeper than can be written. */
function shown(value: unknown): string {
  const text = typeof value === 'object' && value !== null ? an(typeOf(value)) : String(value);
  return text.length > MAX_SHOWN_CHARS ? `${text.slice(0, MAX_SHOWN_CHARS)}…` : text;
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (at, key) => (at as Record<PropertyKey, unknown> | null | undefined)?.[key],
    value,
  );
}
