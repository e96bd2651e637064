import { resolve } from 'node:path';
import { z } from 'zod';
import { cliError } from '../errors.ts';

/** Checks the options commander parsed. Fails with `invalid_option`, naming each wrong one as it was typed. */
export function parseOptions<Schema extends z.ZodType>(schema: Schema, raw: unknown): z.output<Schema> {
  const parsed = schema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) => {
    const name = String(path[0] ?? '');
    return name === '' ? message : `${flagOf(name)}: ${message}${insteadOf(valueAt(raw, path), message)}`;
  });
  throw cliError('invalid_option', faults.join('\n'), { options: faults.length });
}

/** What was typed, for a message that says what it must be. */
function insteadOf(value: unknown, message: string): string {
  return typeof value === 'string' && message.startsWith('must be ') ? `, not "${value.slice(0, 100)}"` : '';
}

function valueAt(raw: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], raw);
}

/** `innerSteps` as it is typed: `--inner-steps`. */
export function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** A whole number in a range, from text. */
export function integerOption(minimum: number, maximum: number) {
  const message = `must be a whole number from ${minimum} to ${maximum}`;
  return z
    .string()
    .regex(/^\d{1,15}$/, message)
    .transform(Number)
    .pipe(z.number().min(minimum, message).max(maximum, message));
}

/** A TCP port; 0 asks the system for a free one. */
export const portOption = integerOption(0, 65_535);

/** A fraction greater than 0, up to 1. */
export const shareOption = z
  .string()
  .regex(/^\d*\.?\d+$/, 'must be a number')
  .transform(Number)
  .pipe(z.number().gt(0, 'must be greater than 0').max(1, 'must be at most 1'));

/** A path, made absolute. */
export const pathOption = z
  .string()
  .min(1, 'must be a path')
  .transform((path) => resolve(path));

export const urlOption = z
  .string()
  .refine((text) => /^https?:$/.test(protocolOf(text)), 'must be a http:// or https:// URL')
  .transform((text) => new URL(text));

function protocolOf(text: string): string {
  return URL.canParse(text) ? new URL(text).protocol : '';
}

/** Names separated by commas, each one at most once. */
export const nameListOption = z
  .string()
  .transform((text) => text.split(',').map((name) => name.trim()))
  .pipe(
    z
      .array(z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, 'must be names separated by commas'))
      .min(1)
      .refine((names) => new Set(names).size === names.length, 'names one twice'),
  );

/** Whole numbers separated by commas, each one at most once. */
export const indexListOption = z
  .string()
  .regex(/^\d{1,5}(,\d{1,5})*$/, 'must be whole numbers separated by commas')
  .transform((text) => text.split(',').map(Number))
  .refine((numbers) => new Set(numbers).size === numbers.length, 'names one twice');
