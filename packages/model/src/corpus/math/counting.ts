import type { SeededRandom } from '../seeded-random.ts';
import { bracketed, fraction, hundredths } from './notation.ts';
import type { MathProblem } from './problem.ts';

/** The next term of an arithmetic sequence, and a far one. */
export function arithmeticSequence(random: SeededRandom): MathProblem {
  const [first, step, index] = [random.integer(-20, 50), random.nonZero(15), random.integer(8, 40)];
  const shown = [0, 1, 2, 3].map((at) => first + at * step);
  const value = first + (index - 1) * step;
  return {
    question: `The sequence ${shown.join(', ')}, ... grows by a constant. Find term number ${index}.`,
    steps: [
      `the common difference is ${first + step} - ${bracketed(first)} = ${step}`,
      `term ${index} is ${first} + ${index - 1} * ${bracketed(step)} = ${value}`,
    ],
    answer: `${value}`,
    given: [first, step, index],
  };
}

/** The next terms of a geometric sequence. */
export function geometricSequence(random: SeededRandom): MathProblem {
  const [first, ratio] = [random.integer(1, 9), random.integer(2, 5)];
  const shown = [0, 1, 2, 3].map((at) => first * ratio ** at);
  const value = first * ratio ** 5;
  return {
    question: `The sequence ${shown.join(', ')}, ... has a constant ratio. Find the sixth term.`,
    steps: [
      `the ratio is ${shown[1]} / ${shown[0]} = ${ratio}`,
      `fifth term: ${shown[3]} * ${ratio} = ${first * ratio ** 4}`,
      `sixth term: ${first * ratio ** 4} * ${ratio} = ${value}`,
    ],
    answer: `${value}`,
    given: [first, ratio],
  };
}

/** The sum of an arithmetic progression. */
export function progressionSum(random: SeededRandom): MathProblem {
  const [first, step, count] = [random.integer(1, 20), random.integer(1, 9), random.integer(5, 30)];
  const last = first + (count - 1) * step;
  const total = (count * (first + last)) / 2;
  return {
    question: `Add the first ${count} terms of ${first}, ${first + step}, ${first + 2 * step}, ...`,
    steps: [
      `the last term is ${first} + ${count - 1} * ${step} = ${last}`,
      `first and last together: ${first + last}`,
      `${count} * ${first + last} / 2 = ${total}`,
    ],
    answer: `${total}`,
    given: [first, step, count],
  };
}

/** Choosing without order. */
export function combinations(random: SeededRandom): MathProblem {
  const n = random.integer(5, 12);
  const k = random.integer(2, 4);
  const top = Array.from({ length: k }, (_, at) => n - at);
  const bottom = Array.from({ length: k }, (_, at) => k - at);
  const product = (values: readonly number[]): number => values.reduce((left, right) => left * right, 1);
  const things = random.pick(['books', 'players', 'cards', 'students', 'colours', 'flowers']);
  return {
    question: `In how many ways can ${k} of ${n} ${things} be chosen if order does not matter?`,
    steps: [
      `C(${n}, ${k}) = (${top.join(' * ')}) / (${bottom.join(' * ')})`,
      `${product(top)} / ${product(bottom)} = ${product(top) / product(bottom)}`,
    ],
    answer: `${product(top) / product(bottom)}`,
    given: [n, k],
  };
}

/** Arranging in order. */
export function permutations(random: SeededRandom): MathProblem {
  const n = random.integer(4, 9);
  const k = random.integer(2, Math.min(4, n));
  const factors = Array.from({ length: k }, (_, at) => n - at);
  const total = factors.reduce((left, right) => left * right, 1);
  return {
    question: `How many ordered lists of ${k} different letters can be made from ${n} letters?`,
    steps: [
      ...factors.map((choices, at) => `place ${at + 1}: ${choices} choices`),
      `${factors.join(' * ')} = ${total}`,
    ],
    answer: `${total}`,
    given: [n, k],
  };
}

/** A probability from counts of marbles. */
export function probability(random: SeededRandom): MathProblem {
  const [red, blue, green] = [random.integer(1, 9), random.integer(1, 9), random.integer(1, 9)];
  const total = red + blue + green;
  const [colour, count] = random.pick<[string, number]>([
    ['red', red],
    ['blue', blue],
    ['green', green],
  ]);
  return {
    question: `A bag holds ${red} red, ${blue} blue and ${green} green marbles. One is drawn. What is the probability that it is ${colour}?`,
    steps: [
      `there are ${red} + ${blue} + ${green} = ${total} marbles`,
      `${count} of ${total} are ${colour}: ${count}/${total}`,
    ],
    answer: fraction(count, total),
    given: [count, red, blue, green],
  };
}

/** The mean of a list, made to be whole. */
export function mean(random: SeededRandom): MathProblem {
  const count = random.integer(4, 6);
  const values = Array.from({ length: count - 1 }, () => random.integer(2, 60));
  const partial = values.reduce((left, right) => left + right, 0);
  const last = random.integer(1, 9) * count - (partial % count);
  values.push(last);
  const total = partial + last;
  return {
    question: random.pick([
      `Find the mean of ${values.join(', ')}.`,
      `What is the average of ${values.join(', ')}?`,
    ]),
    steps: [`the sum is ${values.join(' + ')} = ${total}`, `${total} / ${count} = ${total / count}`],
    answer: `${total / count}`,
    given: values,
  };
}

/** The median of a list. */
export function median(random: SeededRandom): MathProblem {
  const values = Array.from({ length: random.integer(5, 8) }, () => random.integer(1, 60));
  const sorted = [...values].sort((left, right) => left - right);
  const half = Math.floor(sorted.length / 2);
  const odd = sorted.length % 2 === 1;
  const twice = odd ? 2 * sorted[half]! : sorted[half - 1]! + sorted[half]!;
  const answer = hundredths(twice * 50);
  return {
    question: `Find the median of ${values.join(', ')}.`,
    steps: [
      `in order: ${sorted.join(', ')}`,
      odd
        ? `the middle value is ${sorted[half]}`
        : `the middle values are ${sorted[half - 1]} and ${sorted[half]}, half of ${twice} is ${answer}`,
    ],
    answer,
    given: values,
  };
}
