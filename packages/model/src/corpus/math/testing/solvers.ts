import type { MathProblem } from '../problem.ts';

/** Solves a problem from its numbers by another way than its generator: search, formulas, or plain arithmetic. */
export type MathSolver = (given: readonly number[], problem: MathProblem) => string;

/** Solvers for numbers alone. */
type Numbers = readonly number[];

function range(low: number, high: number): number[] {
  return Array.from({ length: Math.max(0, high - low + 1) }, (_, index) => low + index);
}

function total(values: Numbers): number {
  return values.reduce((left, right) => left + right, 0);
}

/** The fraction of lowest terms, found by trying divisors. */
function lowest(numerator: number, denominator: number): string {
  const sign = Math.sign(numerator) * Math.sign(denominator);
  let [top, bottom] = [Math.abs(numerator), Math.abs(denominator)];
  for (let divisor = Math.max(top, bottom); divisor > 1; divisor--) {
    while (top % divisor === 0 && bottom % divisor === 0) [top, bottom] = [top / divisor, bottom / divisor];
  }
  return bottom === 1 || top === 0 ? `${sign * top || 0}` : `${sign * top}/${bottom}`;
}

function decimal(value: number): string {
  return `${Number(value.toFixed(2))}`;
}

/** The letter that a question asks for. */
function letterOf(problem: MathProblem): string {
  return /for (\w)\.$/.exec(problem.question)?.[1] ?? 'x';
}

/** The only integer in range for which a condition holds. */
function search(condition: (value: number) => boolean, low = -2000, high = 2000): number {
  const found = range(low, high).filter(condition);
  if (found.length !== 1) throw new Error(`Expected one solution and found ${found.length}.`);
  return found[0]!;
}

/** Coefficients, highest first, of the polynomial of a degree through the values at 0, 1, 2, … (by differences). */
function interpolate(values: Numbers): number[] {
  if (values.length === 1) return [values[0]!];
  // Newton's forward differences, expanded term by term.
  let coefficients = Array<number>(values.length).fill(0);
  let basis = [1];
  let row = [...values];
  let factorial = 1;
  for (let order = 0; order < values.length; order++) {
    if (order > 0) factorial *= order;
    const scale = row[0]! / factorial;
    coefficients = coefficients.map((value, power) => value + scale * (basis[power] ?? 0));
    basis = [0, ...basis].map((value, power) => value - order * (basis[power] ?? 0));
    row = row.slice(1).map((value, index) => value - row[index]!);
  }
  return coefficients.map((value) => Math.round(value)).reverse();
}

/** Written out by other rules than the generator's: every term in full, then tidied. */
function written(coefficients: Numbers): string {
  const degree = coefficients.length - 1;
  const text = coefficients
    .map((value, index) => [value, degree - index] as const)
    .filter(([value]) => value !== 0)
    .map(([value, power]) => `${value < 0 ? '-' : '+'}${Math.abs(value)}x^${power}`)
    .join(' ')
    .replaceAll('x^0', '')
    .replaceAll(/x\^1(?!\d)/g, 'x')
    .replaceAll(/([+-])1x/g, '$1x')
    .replaceAll(/ ([+-])/g, ' $1 ');
  return text.replace(/^\+/, '') || '0';
}

function samplePolynomial(at: (x: number) => number, degree: number): string {
  return written(interpolate(range(0, degree).map(at)));
}

function horner(coefficients: Numbers, x: number): number {
  return coefficients.reduce((value, coefficient) => value * x + coefficient, 0);
}

function isPrime(value: number): boolean {
  return range(2, value - 1).every((divisor) => value % divisor !== 0);
}

function gcdBySearch(a: number, b: number): number {
  return Math.max(...range(1, Math.min(a, b)).filter((divisor) => a % divisor === 0 && b % divisor === 0));
}

function factorial(value: number): bigint {
  return range(1, value).reduce((product, factor) => product * BigInt(factor), 1n);
}

/** The words after the number in an answer such as `12 apples`, which a solver cannot know. */
function unitOf(problem: MathProblem): string {
  return problem.answer.slice(problem.answer.search(/ [a-z]/));
}

export const SOLVERS: Readonly<Record<string, MathSolver>> = {
  addition: ([a, b]) => `${BigInt(a!) + BigInt(b!)}`,
  subtraction: ([a, b]) => `${BigInt(a!) - BigInt(b!)}`,
  multiplication: ([a, b]) => `${BigInt(a!) * BigInt(b!)}`,
  division: ([a, b]) => `${BigInt(a!) / BigInt(b!)} remainder ${BigInt(a!) % BigInt(b!)}`,
  orderOfOperations: ([a, b, c, d]) => `${a! + b! * c! - b! * d!}`,
  signedSum: (values) => `${total(values)}`,
  decimalAddition: ([a, b]) => decimal(a! / 100 + b! / 100),
  square: ([a]) => `${BigInt(a!) ** 2n}`,
  rounding: ([value, unit]) => `${Math.round(value! / unit!) * unit!}`,

  fractionSum: ([a, b, c, d, sign]) => lowest(a! * d! + sign! * c! * b!, b! * d!),
  fractionProduct: ([a, b, c, d, sign]) => (sign! > 0 ? lowest(a! * c!, b! * d!) : lowest(a! * d!, b! * c!)),
  simplifyFraction: ([a, b]) => lowest(a!, b!),
  compareFractions: ([a, b, c, d]) => {
    const [left, right] = [a! * d!, c! * b!];
    return `${a}/${b} ${left === right ? '=' : a! / b! < c! / d! ? '<' : '>'} ${c}/${d}`;
  },
  percentageOf: ([percent, base]) => decimal(percent! * 0.01 * base!),
  percentageChange: ([percent, price, sign]) => `${decimal(price! * (1 + (sign! * percent!) / 100))} dollars`,

  linearEquation: ([a, b, c], problem) => `${letterOf(problem)} = ${search((x) => a! * x + b! === c!)}`,
  linearBothSides: ([a, b, c, d], problem) =>
    `${letterOf(problem)} = ${search((x) => a! * x + b! === c! * x + d!)}`,
  linearSystem: ([a, b, e, c, d, f]) => {
    const y = search(
      (value) => range(-20, 20).some((x) => a! * x + b! * value === e! && c! * x + d! * value === f!),
      -20,
      20,
    );
    return `x = ${search((x) => a! * x + b! * y === e!, -20, 20)}, y = ${y}`;
  },
  quadratic: ([a, b, c]) =>
    range(-20, 20)
      .filter((x) => a! * x * x + b! * x + c! === 0)
      .map((x) => `x = ${x}`)
      .join(' or '),
  expandBinomials: ([a, b, c, d]) => samplePolynomial((x) => (a! * x + b!) * (c! * x + d!), 2),
  combinePolynomials: (given) =>
    samplePolynomial((x) => horner(given.slice(0, 3), x) + given[6]! * horner(given.slice(3, 6), x), 2),
  derivative: (coefficients) => {
    const degree = coefficients.length - 1;
    // f'(x) from the coefficients of f(x + h) in h: the exact limit, without the power rule.
    const at = (x: number): number =>
      interpolate(range(0, degree).map((h) => horner(coefficients, x + h))).at(-2)!;
    return `f'(x) = ${samplePolynomial(at, degree - 1)}`;
  },
  evaluatePolynomial: ([a, b, c, d, x]) => `${a! * x! ** 3 + b! * x! ** 2 + c! * x! + d!}`,
  lineThroughPoints: ([x1, y1, x2, y2]) => {
    const slope = search((value) => y1! + value * (x2! - x1!) === y2!);
    return `y = ${written([slope, y2! - slope * x2!])}`;
  },
  proportion: ([a, b, c]) => `x = ${lowest(b! * c!, a!)}`,
  inequality: ([a, b, c]) => {
    const holds = range(-60, 60).filter((x) => a! * x + b! < c!);
    return a! > 0 ? `x < ${Math.max(...holds) + 1}` : `x > ${Math.min(...holds) - 1}`;
  },

  greatestCommonDivisor: ([a, b]) => `${gcdBySearch(a!, b!)}`,
  leastCommonMultiple: ([a, b]) =>
    `${range(1, a! * b!).find((value) => value % a! === 0 && value % b! === 0)}`,
  factorisation: ([value], { answer }) => {
    const factors = answer.split(' * ').map(Number);
    const sorted = [...factors].sort((left, right) => left - right);
    const product = factors.reduce((left, right) => left * right, 1);
    return product === value && factors.every(isPrime) ? sorted.join(' * ') : 'not a factorisation';
  },
  primality: ([value]) => (isPrime(value!) ? 'yes' : 'no'),
  modularPower: ([base, exponent, modulus]) => `${BigInt(base!) ** BigInt(exponent!) % BigInt(modulus!)}`,
  modularArithmetic: ([a, b, c, modulus]) => `${(a! * b! + c!) % modulus!}`,
  toBinary: ([value], { answer }) =>
    Number.parseInt(answer, 2) === value && !answer.startsWith('0') ? answer : 'wrong',
  divisors: ([value]) =>
    range(1, value!)
      .filter((divisor) => value! % divisor === 0)
      .join(', '),

  arithmeticSequence: ([first, step, index]) => {
    let value = first!;
    for (let term = 1; term < index!; term++) value += step!;
    return `${value}`;
  },
  geometricSequence: ([first, ratio]) => `${first! * ratio! * ratio! * ratio! * ratio! * ratio!}`,
  progressionSum: ([first, step, count]) =>
    `${total(range(0, count! - 1).map((term) => first! + term * step!))}`,
  combinations: ([n, k]) => {
    // Pascal's triangle.
    let row = [1];
    for (let at = 0; at < n!; at++) row = [...row, 0].map((value, index) => value + (row[index - 1] ?? 0));
    return `${row[k!]}`;
  },
  permutations: ([n, k]) => `${factorial(n!) / factorial(n! - k!)}`,
  probability: ([count, ...others]) => lowest(count!, total(others)),
  mean: (values) => `${total(values) / values.length}`,
  median: (values) => {
    // The value, or the middle between two, with as many below as above.
    const rest = [...values];
    while (rest.length > 2) {
      rest.splice(rest.indexOf(Math.max(...rest)), 1);
      rest.splice(rest.indexOf(Math.min(...rest)), 1);
    }
    return `${total(rest) / rest.length}`;
  },

  rectangle: ([a, b]) => `area ${a! * b!}, perimeter ${a! + b! + a! + b!}`,
  triangleArea: ([base, height]) => `${(base! * height!) / 2}`,
  pythagoras: ([a, b, sign]) =>
    `${search((c) => (sign! > 0 ? a! * a! + b! * b! === c * c : b! * b! + c * c === a! * a!), 1)}`,
  triangleAngle: ([a, b]) => `${search((c) => a! + b! + c === 180)} degrees`,
  box: ([a, b, c]) => `volume ${a! * b! * c!}, surface ${2 * a! * b! + 2 * b! * c! + 2 * a! * c!}`,
  unitConversion: ([value, factor, rest, sign], problem) => {
    if (sign! > 0) return `${value! * factor! + rest!}${unitOf(problem)}`;
    const [whole, left] = [Math.floor(value! / factor!), value! % factor!];
    return problem.answer.replace(/^\d+/, `${whole}`).replace(/and \d+/, `and ${left}`);
  },

  gainAndLoss: ([start, more, less], problem) => `${start! + more! - less!}${unitOf(problem)}`,
  equalGroups: ([groups, each, extra], problem) => `${groups! * each! + extra!}${unitOf(problem)}`,
  sharing: ([things, people]) => {
    const each = Math.max(...range(0, things!).filter((value) => value * people! <= things!));
    return `${each} each, ${things! - each * people!} left`;
  },
  shopping: ([countA, priceA, countB, priceB, paid]) =>
    `${decimal((paid! - countA! * priceA! - countB! * priceB!) / 100)} dollars`,
  travel: ([a, b, mode], problem) => `${mode === 0 ? a! * b! : a! / b!}${unitOf(problem)}`,
  ages: ([factor, sum]) => `${search((age) => age + factor! * age === sum!)} years`,
  workTogether: ([rateA, rateB, things]) =>
    `${search((hours) => hours * rateA! + hours * rateB! === things!)} hours`,
  simpleInterest: ([capital, rate, years]) => {
    const yearly: Numbers = Array<number>(years!).fill((capital! * rate!) / 100);
    return `${capital! + total(yearly)} dollars`;
  },
};
