/** The greatest common divisor of two integers, never negative. */
export function gcd(left: number, right: number): number {
  let [a, b] = [Math.abs(left), Math.abs(right)];
  while (b > 0) [a, b] = [b, a % b];
  return a;
}

/** A fraction in lowest terms: `3/4`, `-1/2`, or `5` when it is whole. */
export function fraction(numerator: number, denominator: number): string {
  const sign = denominator < 0 ? -1 : 1;
  const divisor = gcd(numerator, denominator) || 1;
  const top = (sign * numerator) / divisor;
  const bottom = (sign * denominator) / divisor;
  return bottom === 1 ? `${top}` : `${top}/${bottom}`;
}

/** A polynomial from its coefficients, highest power first: `[1, -3, 2]` is `x^2 - 3x + 2`. */
export function polynomial(coefficients: readonly number[], variable = 'x'): string {
  const degree = coefficients.length - 1;
  let text = '';
  for (const [index, coefficient] of coefficients.entries()) {
    if (coefficient === 0) continue;
    const power = degree - index;
    const size = Math.abs(coefficient);
    const letters = power === 0 ? '' : power === 1 ? variable : `${variable}^${power}`;
    const factor = size === 1 && power > 0 ? letters : `${size}${letters}`;
    const sign = text === '' ? (coefficient < 0 ? '-' : '') : coefficient < 0 ? ' - ' : ' + ';
    text += sign + factor;
  }
  return text === '' ? '0' : text;
}

/** ` + 3` or ` - 3`: a number as a term that follows another. */
export function term(value: number): string {
  return value < 0 ? ` - ${-value}` : ` + ${value}`;
}

/** A number of hundredths as a decimal without trailing zeros: 1250 is `12.5`. */
export function hundredths(value: number): string {
  const whole = Math.trunc(value / 100);
  const rest = `${Math.abs(value % 100)}`.padStart(2, '0').replace(/0+$/, '');
  const sign = value < 0 && whole === 0 ? '-' : '';
  return rest === '' ? `${whole}` : `${sign}${whole}.${rest}`;
}

/** A negative number in brackets, so that it can follow an operator. */
export function bracketed(value: number): string {
  return value < 0 ? `(${value})` : `${value}`;
}

/** Digits of a positive integer, units first. */
export function digitsOf(value: number): number[] {
  return [...`${value}`].reverse().map(Number);
}

/** Prime factors of an integer above 1, smallest first, with repetition. */
export function primeFactors(value: number): number[] {
  const factors: number[] = [];
  let rest = value;
  for (let divisor = 2; divisor * divisor <= rest; divisor++) {
    while (rest % divisor === 0) {
      factors.push(divisor);
      rest /= divisor;
    }
  }
  if (rest > 1) factors.push(rest);
  return factors;
}
