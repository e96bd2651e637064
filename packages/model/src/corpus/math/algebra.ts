import type { SeededRandom } from '../seeded-random.ts';
import { bracketed, fraction, polynomial, term } from './notation.ts';
import type { MathProblem } from './problem.ts';

const LETTERS = ['x', 'y', 'n', 't', 'k', 'm'];

/** `a x + b = c` with an integer solution. */
export function linearEquation(random: SeededRandom): MathProblem {
  const letter = random.pick(LETTERS);
  const [a, b, x] = [random.integer(2, 15), random.nonZero(40), random.nonZero(20)];
  const c = a * x + b;
  const moved = c - b;
  return {
    question: `Solve ${a}${letter}${term(b)} = ${c} for ${letter}.`,
    steps: [
      `${b < 0 ? `add ${-b} to` : `subtract ${b} from`} both sides: ${a}${letter} = ${moved}`,
      `divide by ${a}: ${letter} = ${x}`,
    ],
    answer: `${letter} = ${x}`,
    given: [a, b, c],
  };
}

/** `a x + b = c x + d` with an integer solution. */
export function linearBothSides(random: SeededRandom): MathProblem {
  const letter = random.pick(LETTERS);
  const c = random.integer(2, 9);
  const difference = random.integer(1, 9);
  const [a, b, x] = [c + difference, random.nonZero(30), random.nonZero(15)];
  const d = a * x + b - c * x;
  const left = difference === 1 ? letter : `${difference}${letter}`;
  const right = d === 0 ? `${c}${letter}` : `${c}${letter}${term(d)}`;
  return {
    question: `Solve ${a}${letter}${term(b)} = ${right} for ${letter}.`,
    steps: [
      `subtract ${c}${letter} from both sides: ${left}${term(b)} = ${d}`,
      `${b < 0 ? `add ${-b} to` : `subtract ${b} from`} both sides: ${left} = ${d - b}`,
      ...(difference === 1 ? [] : [`divide by ${difference}: ${letter} = ${x}`]),
    ],
    answer: `${letter} = ${x}`,
    given: [a, b, c, d],
  };
}

/** Two linear equations in x and y by elimination. */
export function linearSystem(random: SeededRandom): MathProblem {
  const [x, y] = [random.integer(-9, 9), random.integer(-9, 9)];
  const [a, b, c] = [random.integer(1, 6), random.integer(1, 6), random.integer(1, 6)];
  let d = random.integer(-6, 6);
  if (d === 0 || a * d === b * c) d = a * -1 === b * c ? -2 : -1;
  const [e, f] = [a * x + b * y, c * x + d * y];
  const determinant = b * c - a * d;
  const coefficient = (value: number): string => (value === 1 ? '' : value === -1 ? '-' : `${value}`);
  const second = `${coefficient(c)}x ${d < 0 ? '-' : '+'} ${coefficient(Math.abs(d))}y = ${f}`;
  const first = `${coefficient(a)}x + ${coefficient(b)}y = ${e}`;
  return {
    question: `Solve the system ${first} and ${second}.`,
    steps: [
      `multiply the first equation by ${c} and the second by ${a}, then subtract`,
      `${coefficient(determinant)}y = ${c} * ${bracketed(e)} - ${a} * ${bracketed(f)} = ${c * e - a * f}, so y = ${y}`,
      `put y = ${y} into the first: ${coefficient(a)}x = ${e} - ${b} * ${bracketed(y)} = ${e - b * y}, so x = ${x}`,
    ],
    answer: `x = ${x}, y = ${y}`,
    given: [a, b, e, c, d, f],
  };
}

/** A monic quadratic by factoring. */
export function quadratic(random: SeededRandom): MathProblem {
  const [p, q] = [random.nonZero(12), random.nonZero(12)].sort((left, right) => left - right) as [
    number,
    number,
  ];
  const [b, c] = [-(p + q), p * q];
  const factor = (root: number): string => `(x${term(-root)})`;
  return {
    question: `Solve ${polynomial([1, b, c])} = 0.`,
    steps: [
      `find two numbers with product ${c} and sum ${b}: ${-p} and ${-q}`,
      `so ${factor(p)}${factor(q)} = 0`,
    ],
    answer: p === q ? `x = ${p}` : `x = ${p} or x = ${q}`,
    given: [1, b, c],
  };
}

/** Product of two binomials. */
export function expandBinomials(random: SeededRandom): MathProblem {
  const [a, b, c, d] = [random.integer(1, 7), random.nonZero(9), random.integer(1, 7), random.nonZero(9)];
  const middle = a * d + b * c;
  return {
    question: `Expand (${polynomial([a, b])})(${polynomial([c, d])}).`,
    steps: [
      `first terms: ${polynomial([a * c, 0, 0])}`,
      `outer and inner terms: ${polynomial([a * d, 0])} and ${polynomial([b * c, 0])}, together ${polynomial([middle, 0])}`,
      `last terms: ${b * d}`,
    ],
    answer: polynomial([a * c, middle, b * d]),
    given: [a, b, c, d],
  };
}

/** Sum or difference of two polynomials. */
export function combinePolynomials(random: SeededRandom): MathProblem {
  const left = [random.nonZero(9), random.integer(-9, 9), random.integer(-20, 20)];
  const right = [random.nonZero(9), random.integer(-9, 9), random.integer(-20, 20)];
  const sign = random.pick([1, -1]);
  const total = left.map((value, index) => value + sign * right[index]!);
  const names = ['x^2 terms', 'x terms', 'constants'];
  return {
    question: `Simplify (${polynomial(left)}) ${sign > 0 ? '+' : '-'} (${polynomial(right)}).`,
    steps: names.map(
      (name, index) =>
        `${name}: ${left[index]} ${sign > 0 ? '+' : '-'} ${bracketed(right[index]!)} = ${total[index]}`,
    ),
    answer: polynomial(total),
    given: [...left, ...right, sign],
  };
}

/** Derivative of a polynomial by the power rule. */
export function derivative(random: SeededRandom): MathProblem {
  const degree = random.integer(2, 4);
  const coefficients = Array.from({ length: degree + 1 }, (_, index) =>
    index === 0 ? random.nonZero(9) : random.integer(-9, 9),
  );
  const derived = coefficients.slice(0, -1).map((value, index) => value * (degree - index));
  const steps = coefficients.flatMap((value, index) => {
    const power = degree - index;
    if (value === 0 || power === 0) return [];
    const before = polynomial([value, ...Array<number>(power).fill(0)]);
    const after = polynomial([value * power, ...Array<number>(power - 1).fill(0)]);
    return [`the derivative of ${before} is ${after}`];
  });
  if (coefficients.at(-1) !== 0) steps.push('the derivative of a constant is 0');
  return {
    question: random.pick([
      `Differentiate f(x) = ${polynomial(coefficients)}.`,
      `Find the derivative of f(x) = ${polynomial(coefficients)}.`,
    ]),
    steps,
    answer: `f'(x) = ${polynomial(derived)}`,
    given: coefficients,
  };
}

/** Value of a polynomial by Horner's rule. */
export function evaluatePolynomial(random: SeededRandom): MathProblem {
  const coefficients = [random.nonZero(6), random.nonZero(9), random.nonZero(9), random.nonZero(20)];
  const x = random.nonZero(6);
  const steps: string[] = [`start with ${coefficients[0]}`];
  let value = coefficients[0]!;
  for (const coefficient of coefficients.slice(1)) {
    const next = value * x + coefficient;
    steps.push(`${bracketed(value)} * ${bracketed(x)}${term(coefficient)} = ${next}`);
    value = next;
  }
  return {
    question: `Evaluate ${polynomial(coefficients)} at x = ${x}.`,
    steps,
    answer: `${value}`,
    given: [...coefficients, x],
  };
}

/** Slope and intercept of the line through two points. */
export function lineThroughPoints(random: SeededRandom): MathProblem {
  const [x1, y1] = [random.integer(-9, 9), random.integer(-9, 9)];
  const run = random.integer(1, 6);
  const slope = random.nonZero(5);
  const [x2, y2] = [x1 + run, y1 + slope * run];
  const intercept = y1 - slope * x1;
  return {
    question: `Find the equation of the line through (${x1}, ${y1}) and (${x2}, ${y2}).`,
    steps: [
      `slope: (${y2} - ${bracketed(y1)}) / (${x2} - ${bracketed(x1)}) = ${slope * run} / ${run} = ${slope}`,
      `intercept: ${y1} - ${bracketed(slope)} * ${bracketed(x1)} = ${intercept}`,
    ],
    answer: `y = ${polynomial([slope, intercept])}`,
    given: [x1, y1, x2, y2],
  };
}

/** A proportion with one unknown. */
export function proportion(random: SeededRandom): MathProblem {
  const [a, b, c] = [random.integer(2, 20), random.integer(2, 20), random.integer(2, 20)];
  const answer = fraction(b * c, a);
  return {
    question: `Find x if ${a} : ${b} = ${c} : x.`,
    steps: [`cross products: ${a}x = ${b} * ${c} = ${b * c}`, `divide by ${a}: x = ${answer}`],
    answer: `x = ${answer}`,
    given: [a, b, c],
  };
}

/** A linear inequality, with the sign turned when dividing by a negative number. */
export function inequality(random: SeededRandom): MathProblem {
  const [a, b, bound] = [random.nonZero(9), random.nonZero(20), random.nonZero(12)];
  const c = a * bound + b;
  const sign = a < 0 ? '>' : '<';
  const coefficient = a === 1 ? '' : a === -1 ? '-' : `${a}`;
  return {
    question: `Solve the inequality ${coefficient}x${term(b)} < ${c}.`,
    steps: [
      `${b < 0 ? `add ${-b}` : `subtract ${b}`}: ${coefficient}x < ${c - b}`,
      ...(a === 1 ? [] : [`divide by ${a}${a < 0 ? ', which turns the sign' : ''}: x ${sign} ${bound}`]),
    ],
    answer: `x ${sign} ${bound}`,
    given: [a, b, c],
  };
}
