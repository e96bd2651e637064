import { protocolError } from '../errors.ts';

/** Fractional digits a decimal string may have: enough for AdamW's epsilon, and its square. */
const FRACTION_DIGITS = 18;

/** A plain non-negative decimal without exponent, sign or leading zeros, such as `0.95`. */
export const DECIMAL_PATTERN = /^(?:0|[1-9]\d{0,14})(?:\.\d{1,18})?$/;

/** The exact value of a decimal string in units of 10^-18. Fails with `invalid_decimal`. */
export function decimalUnits(text: string): bigint {
  if (!DECIMAL_PATTERN.test(text)) {
    throw protocolError(
      'invalid_decimal',
      `Expected a plain decimal such as 0.95, got ${JSON.stringify(text)}.`,
    );
  }
  const [whole = '0', fraction = ''] = text.split('.');
  return BigInt(whole + fraction.padEnd(FRACTION_DIGITS, '0'));
}

/** One, in the units of `decimalUnits`. */
export const DECIMAL_ONE = 10n ** BigInt(FRACTION_DIGITS);

/** The double nearest to a decimal string. Fails with `invalid_decimal`. */
export function decimalNumber(text: string): number {
  if (!DECIMAL_PATTERN.test(text)) decimalUnits(text);
  return Number(text);
}
