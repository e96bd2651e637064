import type { SeededRandom } from '../seeded-random.ts';
import { hundredths } from './notation.ts';
import type { MathProblem } from './problem.ts';

const LENGTH_UNITS = ['cm', 'm', 'mm', 'km', 'inches', 'feet'];
const TRIPLES = [
  [3, 4, 5],
  [5, 12, 13],
  [8, 15, 17],
  [7, 24, 25],
  [20, 21, 29],
  [9, 40, 41],
] as const;

/** Area and perimeter of a rectangle. */
export function rectangle(random: SeededRandom): MathProblem {
  const [a, b] = [random.integer(2, 60), random.integer(2, 40)];
  const unit = random.pick(LENGTH_UNITS);
  return {
    question: `A rectangle is ${a} ${unit} long and ${b} ${unit} wide. Find its area and its perimeter.`,
    steps: [`area: ${a} * ${b} = ${a * b}`, `perimeter: 2 * (${a} + ${b}) = 2 * ${a + b} = ${2 * (a + b)}`],
    answer: `area ${a * b}, perimeter ${2 * (a + b)}`,
    given: [a, b],
  };
}

/** Area of a triangle. */
export function triangleArea(random: SeededRandom): MathProblem {
  const [base, height] = [random.integer(3, 40), random.integer(3, 40)];
  const unit = random.pick(LENGTH_UNITS);
  return {
    question: `Find the area of a triangle with base ${base} ${unit} and height ${height} ${unit}.`,
    steps: [`${base} * ${height} = ${base * height}`, `half of that is ${hundredths(base * height * 50)}`],
    answer: hundredths(base * height * 50),
    given: [base, height],
  };
}

/** The third side of a right triangle. */
export function pythagoras(random: SeededRandom): MathProblem {
  const scale = random.integer(1, 6);
  const [a, b, c] = random.pick(TRIPLES).map((side) => side * scale) as [number, number, number];
  const hypotenuse = random.integer(0, 1) === 0;
  return hypotenuse
    ? {
        question: `The legs of a right triangle are ${a} and ${b}. How long is the hypotenuse?`,
        steps: [`${a}^2 + ${b}^2 = ${a * a} + ${b * b} = ${c * c}`, `the square root of ${c * c} is ${c}`],
        answer: `${c}`,
        given: [a, b, 1],
      }
    : {
        question: `A right triangle has hypotenuse ${c} and one leg ${a}. How long is the other leg?`,
        steps: [`${c}^2 - ${a}^2 = ${c * c} - ${a * a} = ${b * b}`, `the square root of ${b * b} is ${b}`],
        answer: `${b}`,
        given: [c, a, -1],
      };
}

/** The third angle of a triangle. */
export function triangleAngle(random: SeededRandom): MathProblem {
  const a = random.integer(15, 110);
  const b = random.integer(15, 165 - a);
  return {
    question: `Two angles of a triangle are ${a} and ${b} degrees. Find the third.`,
    steps: [`${a} + ${b} = ${a + b}`, `180 - ${a + b} = ${180 - a - b}`],
    answer: `${180 - a - b} degrees`,
    given: [a, b],
  };
}

/** Volume and surface of a box. */
export function box(random: SeededRandom): MathProblem {
  const [a, b, c] = [random.integer(2, 15), random.integer(2, 15), random.integer(2, 15)];
  const surface = 2 * (a * b + b * c + a * c);
  return {
    question: `A box measures ${a} by ${b} by ${c}. Find its volume and its surface area.`,
    steps: [
      `volume: ${a} * ${b} * ${c} = ${a * b} * ${c} = ${a * b * c}`,
      `faces: ${a * b} + ${b * c} + ${a * c} = ${a * b + b * c + a * c}, doubled ${surface}`,
    ],
    answer: `volume ${a * b * c}, surface ${surface}`,
    given: [a, b, c],
  };
}

type Conversion = readonly [larger: string, smaller: string, factor: number];
const CONVERSIONS: readonly Conversion[] = [
  ['kilometres', 'metres', 1000],
  ['metres', 'centimetres', 100],
  ['hours', 'minutes', 60],
  ['minutes', 'seconds', 60],
  ['days', 'hours', 24],
  ['weeks', 'days', 7],
  ['kilograms', 'grams', 1000],
  ['feet', 'inches', 12],
  ['yards', 'feet', 3],
  ['litres', 'millilitres', 1000],
  ['pounds', 'ounces', 16],
  ['dozen', 'pieces', 12],
];

/** A mixed quantity in the smaller unit, or the reverse. */
export function unitConversion(random: SeededRandom): MathProblem {
  const [larger, smaller, factor] = random.pick(CONVERSIONS);
  const [whole, rest] = [random.integer(2, 40), random.integer(1, factor - 1)];
  const total = whole * factor + rest;
  return random.integer(0, 1) === 0
    ? {
        question: `How many ${smaller} are ${whole} ${larger} and ${rest} ${smaller}?`,
        steps: [`${whole} * ${factor} = ${whole * factor}`, `${whole * factor} + ${rest} = ${total}`],
        answer: `${total} ${smaller}`,
        given: [whole, factor, rest, 1],
      }
    : {
        question: `Write ${total} ${smaller} in ${larger} and ${smaller}.`,
        steps: [
          `there are ${factor} ${smaller} in one of the larger unit`,
          `${total} = ${whole} * ${factor} + ${rest}`,
        ],
        answer: `${whole} ${larger} and ${rest} ${smaller}`,
        given: [total, factor, 0, -1],
      };
}
