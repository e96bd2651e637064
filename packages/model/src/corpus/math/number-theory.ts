import type { SeededRandom } from '../seeded-random.ts';
import { gcd, primeFactors } from './notation.ts';
import type { MathProblem } from './problem.ts';

/** Greatest common divisor by Euclid's algorithm. */
export function greatestCommonDivisor(random: SeededRandom): MathProblem {
  const shared = random.integer(2, 24);
  const [a, b] = [shared * random.integer(4, 40), shared * random.integer(2, 30)];
  const steps: string[] = [];
  let [high, low] = a >= b ? [a, b] : [b, a];
  while (low > 0) {
    steps.push(`${high} = ${Math.floor(high / low)} * ${low} + ${high % low}`);
    [high, low] = [low, high % low];
  }
  steps.push(`the last divisor is ${high}`);
  return {
    question: random.pick([`Find the greatest common divisor of ${a} and ${b}.`, `What is gcd(${a}, ${b})?`]),
    steps,
    answer: `${gcd(a, b)}`,
    given: [a, b],
  };
}

/** Least common multiple from the greatest common divisor. */
export function leastCommonMultiple(random: SeededRandom): MathProblem {
  const [a, b] = [random.integer(4, 60), random.integer(4, 60)];
  const divisor = gcd(a, b);
  return {
    question: random.pick([`Find the least common multiple of ${a} and ${b}.`, `What is lcm(${a}, ${b})?`]),
    steps: [
      `gcd(${a}, ${b}) = ${divisor}`,
      `${a} * ${b} = ${a * b}`,
      `${a * b} / ${divisor} = ${(a * b) / divisor}`,
    ],
    answer: `${(a * b) / divisor}`,
    given: [a, b],
  };
}

/** Prime factorisation by trial division. */
export function factorisation(random: SeededRandom): MathProblem {
  const value = random.integer(12, 999);
  const factors = primeFactors(value);
  const steps: string[] = [];
  let rest = value;
  for (const factor of factors.slice(0, -1)) {
    steps.push(`${rest} = ${factor} * ${rest / factor}`);
    rest /= factor;
  }
  steps.push(`${rest} is prime`);
  return {
    question: random.pick([
      `Write ${value} as a product of primes.`,
      `Find the prime factorisation of ${value}.`,
    ]),
    steps,
    answer: factors.join(' * '),
    given: [value],
  };
}

/** Is a number prime? Trial division up to its root. */
export function primality(random: SeededRandom): MathProblem {
  const value = random.integer(11, 400) | 1;
  const steps: string[] = [];
  const factors = primeFactors(value);
  for (let divisor = 2; divisor * divisor <= value; divisor++) {
    if (primeFactors(divisor).length > 1) continue;
    const rest = value % divisor;
    steps.push(`${value} mod ${divisor} = ${rest}`);
    if (rest === 0) break;
  }
  const prime = factors.length === 1;
  steps.push(
    prime ? 'no prime up to the square root divides it' : `${value} = ${factors[0]} * ${value / factors[0]!}`,
  );
  return {
    question: `Is ${value} a prime number?`,
    steps,
    answer: prime ? 'yes' : 'no',
    given: [value],
  };
}

/** Powers modulo a number by repeated multiplication. */
export function modularPower(random: SeededRandom): MathProblem {
  const [base, exponent, modulus] = [random.integer(2, 12), random.integer(3, 7), random.integer(5, 23)];
  const steps: string[] = [];
  let value = base % modulus;
  steps.push(`${base}^1 mod ${modulus} = ${value}`);
  for (let power = 2; power <= exponent; power++) {
    const product = value * base;
    steps.push(
      `${base}^${power}: ${value} * ${base} = ${product}, ${product} mod ${modulus} = ${product % modulus}`,
    );
    value = product % modulus;
  }
  return {
    question: `Compute ${base}^${exponent} mod ${modulus}.`,
    steps,
    answer: `${value}`,
    given: [base, exponent, modulus],
  };
}

/** Sums and products of residues. */
export function modularArithmetic(random: SeededRandom): MathProblem {
  const modulus = random.integer(5, 30);
  const [a, b, c] = [random.integer(10, 99), random.integer(10, 99), random.integer(10, 99)];
  const [ra, rb, rc] = [a % modulus, b % modulus, c % modulus];
  return {
    question: `Find the remainder of ${a} * ${b} + ${c} on division by ${modulus}.`,
    steps: [
      `modulo ${modulus} the numbers are ${ra}, ${rb} and ${rc}`,
      `${ra} * ${rb} + ${rc} = ${ra * rb + rc}`,
      `${ra * rb + rc} mod ${modulus} = ${(ra * rb + rc) % modulus}`,
    ],
    answer: `${(ra * rb + rc) % modulus}`,
    given: [a, b, c, modulus],
  };
}

/** A number in binary by repeated halving. */
export function toBinary(random: SeededRandom): MathProblem {
  const value = random.integer(9, 255);
  const steps: string[] = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 2)) {
    steps.push(`${rest} = 2 * ${Math.floor(rest / 2)} + ${rest % 2}`);
  }
  steps.push('read the remainders from the last to the first');
  return { question: `Write ${value} in binary.`, steps, answer: value.toString(2), given: [value] };
}

/** All divisors of a number. */
export function divisors(random: SeededRandom): MathProblem {
  const value = random.integer(12, 150);
  const pairs: [number, number][] = [];
  for (let low = 1; low * low <= value; low++) if (value % low === 0) pairs.push([low, value / low]);
  const all = [...new Set(pairs.flat())].sort((left, right) => left - right);
  return {
    question: `List all positive divisors of ${value}.`,
    steps: pairs.map(([low, high]) => `${low} * ${high} = ${value}`),
    answer: all.join(', '),
    given: [value],
  };
}
