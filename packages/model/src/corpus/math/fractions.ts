import type { SeededRandom } from '../seeded-random.ts';
import { fraction, gcd, hundredths } from './notation.ts';
import type { MathProblem } from './problem.ts';

/** Sum or difference of two fractions over a common denominator. */
export function fractionSum(random: SeededRandom): MathProblem {
  const [b, d] = [random.integer(2, 15), random.integer(2, 15)];
  const [a, c] = [random.integer(1, b * 2), random.integer(1, d * 2)];
  const minus = random.integer(0, 2) === 0;
  const common = (b * d) / gcd(b, d);
  const left = (a * common) / b;
  const right = (c * common) / d;
  const sign = minus ? '-' : '+';
  const total = minus ? left - right : left + right;
  const answer = fraction(total, common);
  return {
    question: `Compute ${a}/${b} ${sign} ${c}/${d} in lowest terms.`,
    steps: [
      `the common denominator of ${b} and ${d} is ${common}`,
      `${a}/${b} = ${left}/${common} and ${c}/${d} = ${right}/${common}`,
      `${left} ${sign} ${right} = ${total}, so the result is ${total}/${common}`,
      ...(answer === `${total}/${common}` ? [] : [`in lowest terms: ${answer}`]),
    ],
    answer,
    given: [a, b, c, d, minus ? -1 : 1],
  };
}

/** Product or quotient of two fractions. */
export function fractionProduct(random: SeededRandom): MathProblem {
  const [a, b, c, d] = [
    random.integer(1, 12),
    random.integer(2, 12),
    random.integer(1, 12),
    random.integer(2, 12),
  ];
  const divide = random.integer(0, 1) === 0;
  const [top, bottom] = divide ? [a * d, b * c] : [a * c, b * d];
  const answer = fraction(top, bottom);
  const steps = divide
    ? [
        `dividing by ${c}/${d} is multiplying by ${d}/${c}`,
        `${a} * ${d} = ${top} and ${b} * ${c} = ${bottom}`,
      ]
    : [`multiply the numerators: ${a} * ${c} = ${top}`, `multiply the denominators: ${b} * ${d} = ${bottom}`];
  const divisor = gcd(top, bottom);
  if (divisor > 1) steps.push(`divide both by ${divisor}: ${top}/${bottom} = ${answer}`);
  return {
    question: `Compute (${a}/${b}) ${divide ? ':' : '*'} (${c}/${d}) in lowest terms.`,
    steps,
    answer,
    given: [a, b, c, d, divide ? -1 : 1],
  };
}

/** Reducing a fraction. */
export function simplifyFraction(random: SeededRandom): MathProblem {
  const divisor = random.integer(2, 24);
  const a = random.integer(1, 20) * divisor;
  const b = random.integer(2, 20) * divisor;
  const common = gcd(a, b);
  return {
    question: random.pick([`Simplify ${a}/${b}.`, `Write ${a}/${b} in lowest terms.`]),
    steps: [
      `the greatest common divisor of ${a} and ${b} is ${common}`,
      `${a} : ${common} = ${a / common} and ${b} : ${common} = ${b / common}`,
    ],
    answer: fraction(a, b),
    given: [a, b],
  };
}

/** Which of two fractions is larger, by cross multiplication. */
export function compareFractions(random: SeededRandom): MathProblem {
  const [b, d] = [random.integer(3, 20), random.integer(3, 20)];
  const [a, c] = [random.integer(1, b - 1), random.integer(1, d - 1)];
  const [left, right] = [a * d, c * b];
  const sign = left < right ? '<' : left > right ? '>' : '=';
  return {
    question: `Put <, > or = between ${a}/${b} and ${c}/${d}.`,
    steps: [`cross products: ${a} * ${d} = ${left} and ${c} * ${b} = ${right}`, `${left} ${sign} ${right}`],
    answer: `${a}/${b} ${sign} ${c}/${d}`,
    given: [a, b, c, d],
  };
}

/** A percentage of a quantity. */
export function percentageOf(random: SeededRandom): MathProblem {
  const percent = random.integer(1, 30) * 5;
  const base = random.integer(4, 90) * 20;
  const value = (percent * base) / 100;
  return {
    question: random.pick([`What is ${percent}% of ${base}?`, `Find ${percent} percent of ${base}.`]),
    steps: [`1% of ${base} is ${hundredths(base)}`, `${hundredths(base)} * ${percent} = ${value}`],
    answer: `${value}`,
    given: [percent, base],
  };
}

/** A price after a rise or a discount. */
export function percentageChange(random: SeededRandom): MathProblem {
  const percent = random.integer(1, 12) * 5;
  const price = random.integer(2, 60) * 20;
  const up = random.integer(0, 1) === 0;
  const change = (percent * price) / 100;
  const result = up ? price + change : price - change;
  const thing = random.pick(['coat', 'bicycle', 'desk', 'ticket', 'lamp', 'camera', 'carpet', 'guitar']);
  return {
    question: up
      ? `The price of a ${thing} is ${price} dollars and rises by ${percent}%. What is the new price?`
      : `A ${thing} costs ${price} dollars. It is sold at a discount of ${percent}%. What is the new price?`,
    steps: [
      `${percent}% of ${price} is ${percent} * ${price} / 100 = ${change}`,
      `${price} ${up ? '+' : '-'} ${change} = ${result}`,
    ],
    answer: `${result} dollars`,
    given: [percent, price, up ? 1 : -1],
  };
}
