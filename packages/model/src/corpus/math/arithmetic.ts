import type { SeededRandom } from '../seeded-random.ts';
import { bracketed, digitsOf, hundredths } from './notation.ts';
import type { MathProblem } from './problem.ts';

const PLACES = ['ones', 'tens', 'hundreds', 'thousands', 'ten thousands', 'hundred thousands', 'millions'];

/** Column addition with carries. */
export function addition(random: SeededRandom): MathProblem {
  const size = random.integer(2, 4);
  const a = random.integer(10 ** (size - 1), 10 ** size - 1);
  const b = random.integer(10, 10 ** size - 1);
  const steps: string[] = [];
  const [top, bottom] = [digitsOf(a), digitsOf(b)];
  let carry = 0;
  for (let place = 0; place < Math.max(top.length, bottom.length); place++) {
    const [x, y] = [top[place] ?? 0, bottom[place] ?? 0];
    const sum = x + y + carry;
    const carried = carry > 0 ? ` + ${carry}` : '';
    const note = sum >= 10 ? `, write ${sum % 10}, carry 1` : `, write ${sum}`;
    steps.push(`${PLACES[place]}: ${x} + ${y}${carried} = ${sum}${note}`);
    carry = sum >= 10 ? 1 : 0;
  }
  if (carry > 0) steps.push('write the last carry 1');
  const question = random.pick([`Compute ${a} + ${b}.`, `What is ${a} plus ${b}?`, `Add ${b} to ${a}.`]);
  return { question, steps, answer: `${a + b}`, given: [a, b] };
}

/** Column subtraction with borrowing. */
export function subtraction(random: SeededRandom): MathProblem {
  const size = random.integer(2, 4);
  const a = random.integer(10 ** (size - 1) + 1, 10 ** size - 1);
  const b = random.integer(1, a - 1);
  const steps: string[] = [];
  const [top, bottom] = [digitsOf(a), digitsOf(b)];
  let borrow = 0;
  for (const [place, digit] of top.entries()) {
    const y = bottom[place] ?? 0;
    const x = digit - borrow;
    const reduced = borrow > 0 ? ` (${digit} less the borrowed 1 is ${x})` : '';
    if (x < y) {
      steps.push(`${PLACES[place]}${reduced}: borrow, ${x + 10} - ${y} = ${x + 10 - y}`);
      borrow = 1;
    } else {
      steps.push(`${PLACES[place]}${reduced}: ${x} - ${y} = ${x - y}`);
      borrow = 0;
    }
  }
  const question = random.pick([
    `Compute ${a} - ${b}.`,
    `What is ${a} minus ${b}?`,
    `Subtract ${b} from ${a}.`,
  ]);
  return { question, steps, answer: `${a - b}`, given: [a, b] };
}

/** Multiplication by splitting one factor into its places. */
export function multiplication(random: SeededRandom): MathProblem {
  const a = random.integer(12, random.pick([99, 999]));
  const b = random.integer(12, 99);
  const tens = Math.floor(b / 10) * 10;
  const ones = b % 10;
  const steps = [`split ${b} into ${tens}${ones > 0 ? ` + ${ones}` : ''}`, `${a} * ${tens} = ${a * tens}`];
  if (ones > 0) {
    steps.push(`${a} * ${ones} = ${a * ones}`, `${a * tens} + ${a * ones} = ${a * b}`);
  }
  const question = random.pick([
    `Compute ${a} * ${b}.`,
    `What is ${a} times ${b}?`,
    `Multiply ${a} by ${b}.`,
  ]);
  return { question, steps, answer: `${a * b}`, given: [a, b] };
}

/** Long division by a small divisor, with remainder. */
export function division(random: SeededRandom): MathProblem {
  const divisor = random.integer(3, 12);
  const value = random.integer(100, 9999);
  const steps: string[] = [];
  let current = 0;
  let started = false;
  for (const digit of [...`${value}`].map(Number)) {
    current = current * 10 + digit;
    const part = Math.floor(current / divisor);
    if (part === 0 && !started) continue;
    started = true;
    const rest = current - part * divisor;
    steps.push(`${divisor} goes into ${current} ${part} times, ${current} - ${part * divisor} = ${rest}`);
    current = rest;
  }
  const quotient = Math.floor(value / divisor);
  const question = random.pick([
    `Divide ${value} by ${divisor} and give quotient and remainder.`,
    `Find the quotient and the remainder of ${value} : ${divisor}.`,
  ]);
  return {
    question,
    steps,
    answer: `${quotient} remainder ${value % divisor}`,
    given: [value, divisor],
  };
}

/** Order of operations with brackets. */
export function orderOfOperations(random: SeededRandom): MathProblem {
  const [a, b, c, d] = [
    random.integer(2, 20),
    random.integer(2, 12),
    random.integer(2, 30),
    random.integer(1, 30),
  ];
  const inner = c - d;
  const product = b * inner;
  return {
    question: random.pick([`Evaluate ${a} + ${b} * (${c} - ${d}).`, `What is ${a} + ${b} * (${c} - ${d})?`]),
    steps: [
      `brackets first: ${c} - ${d} = ${inner}`,
      `then the product: ${b} * ${bracketed(inner)} = ${product}`,
      `then the sum: ${a} + ${bracketed(product)} = ${a + product}`,
    ],
    answer: `${a + product}`,
    given: [a, b, c, d],
  };
}

/** Sums and differences of signed numbers. */
export function signedSum(random: SeededRandom): MathProblem {
  const values = Array.from({ length: random.integer(3, 5) }, () => random.nonZero(40));
  const steps: string[] = [];
  let total = values[0]!;
  for (const value of values.slice(1)) {
    steps.push(`${total} + ${bracketed(value)} = ${total + value}`);
    total += value;
  }
  return {
    question: `Add the numbers ${values.join(', ')}.`,
    steps,
    answer: `${total}`,
    given: values,
  };
}

/** Addition of decimals by aligning the points. */
export function decimalAddition(random: SeededRandom): MathProblem {
  const a = random.integer(101, 9999);
  const b = random.integer(11, 9999);
  return {
    question: `Add ${hundredths(a)} and ${hundredths(b)}.`,
    steps: [
      `in hundredths the numbers are ${a} and ${b}`,
      `${a} + ${b} = ${a + b}`,
      `move the point back two places: ${hundredths(a + b)}`,
    ],
    answer: hundredths(a + b),
    given: [a, b],
  };
}

/** Squares of two-digit numbers by the binomial formula. */
export function square(random: SeededRandom): MathProblem {
  const value = random.integer(13, 99);
  const tens = Math.round(value / 10) * 10;
  const rest = value - tens;
  const sign = rest < 0 ? '-' : '+';
  const size = Math.abs(rest);
  const middle = 2 * tens * size;
  const steps =
    rest === 0
      ? [`${value / 10} * ${value / 10} = ${(value / 10) ** 2}`, 'append two zeros']
      : [
          `${value} = ${tens} ${sign} ${size}`,
          `${tens}^2 = ${tens * tens}, 2 * ${tens} * ${size} = ${middle}, ${size}^2 = ${size * size}`,
          `${tens * tens} ${sign} ${middle} + ${size * size} = ${value * value}`,
        ];
  return { question: `Compute ${value}^2.`, steps, answer: `${value * value}`, given: [value] };
}

/** Rounding to a place. */
export function rounding(random: SeededRandom): MathProblem {
  const value = random.integer(1234, 98765);
  const unit = random.pick([10, 100, 1000]);
  const below = Math.floor(value / unit) * unit;
  const rest = value - below;
  const up = rest * 2 >= unit;
  return {
    question: `Round ${value} to the nearest ${unit}.`,
    steps: [
      `${value} lies between ${below} and ${below + unit}`,
      `it is ${rest} above ${below} and half of ${unit} is ${unit / 2}, so round ${up ? 'up' : 'down'}`,
    ],
    answer: `${up ? below + unit : below}`,
    given: [value, unit],
  };
}
