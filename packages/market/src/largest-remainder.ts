/** What somebody is owed, relative to the others. */
export type Claim<Key> = { readonly key: Key; readonly weight: bigint };

/**
 * Splits a whole number of units in proportion to weights, to the last unit: each gets its share rounded down, and the units
 * that are left go to the largest remainders, one each, ties to whoever comes first. Where no weight is positive, nothing is
 * given. Exact whatever the sizes, and the same on every machine.
 */
export function largestRemainder<Key>(total: bigint, claims: readonly Claim<Key>[]): Map<Key, bigint> {
  const whole = claims.reduce((sum, { weight }) => sum + weight, 0n);
  if (whole <= 0n) return new Map(claims.map(({ key }) => [key, 0n]));
  const parts = claims.map(({ key, weight }, order) => ({
    key,
    order,
    units: (total * weight) / whole,
    remainder: (total * weight) % whole,
  }));
  const left = total - parts.reduce((sum, { units }) => sum + units, 0n);
  const first = [...parts].sort((a, b) =>
    a.remainder === b.remainder ? a.order - b.order : a.remainder > b.remainder ? -1 : 1,
  );
  const lucky = new Set(first.slice(0, Number(left)).map(({ order }) => order));
  return new Map(parts.map(({ key, order, units }) => [key, lucky.has(order) ? units + 1n : units]));
}
