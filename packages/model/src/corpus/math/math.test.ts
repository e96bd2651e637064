import { describe, expect, it } from 'vitest';
import { generateMathDocument, generateMathProblem, isHeldOutProblem } from './generate.ts';
import { MATH_PROBLEM_KINDS } from './kinds.ts';
import type { MathProblem } from './problem.ts';
import { evaluate } from './testing/evaluate.ts';
import { SOLVERS } from './testing/solvers.ts';

const KINDS = Object.keys(MATH_PROBLEM_KINDS);
const SAMPLES = 120;

function samples(kind: string): MathProblem[] {
  return Array.from({ length: SAMPLES }, (_, index) => generateMathProblem(kind, 99, index));
}

describe.each(KINDS)('%s', (kind) => {
  it('has the answer that an independent solution gives', () => {
    const solve = SOLVERS[kind]!;
    for (const problem of samples(kind)) {
      expect(problem.answer, problem.question).toBe(solve(problem.given, problem));
    }
  });

  it('has steps whose equations hold', () => {
    for (const problem of samples(kind)) {
      for (const step of problem.steps) {
        for (const [left, right] of numericEquations(step)) {
          expect(evaluate(left), `${left} = ${right} in "${step}"`).toBeCloseTo(evaluate(right), 9);
        }
      }
    }
  });
});

describe('the steps of all kinds', () => {
  it('hold enough equations for the check above to mean something', () => {
    const problems = KINDS.flatMap(samples);
    const equations = problems.flatMap(({ steps }) => steps.flatMap(numericEquations));
    expect(equations.length).toBeGreaterThan(1.5 * problems.length);
  });
});

describe('generateMathDocument', () => {
  it('is a pure function of its arguments', () => {
    expect(generateMathDocument(7, 12)).toEqual(generateMathDocument(7, 12));
    expect(generateMathDocument(7, 12).text).not.toBe(generateMathDocument(7, 13).text);
    expect(generateMathDocument(8, 12).text).not.toBe(generateMathDocument(7, 12).text);
  });

  it('gives pages of the stated length, all different', () => {
    const pages = Array.from({ length: 500 }, (_, index) => generateMathDocument(1, index).text);
    expect(new Set(pages).size).toBe(pages.length);
    for (const page of pages) {
      expect(page.length).toBeGreaterThan(600);
      expect(page.length).toBeLessThan(1500);
    }
  });

  it('reaches every kind of problem', () => {
    expect(KINDS.length).toBeGreaterThanOrEqual(25);
    expect(Object.keys(SOLVERS).sort()).toEqual([...KINDS].sort());
  });

  it('never puts a held-out problem on a training page, nor the reverse', () => {
    const factorised = (set: 'training' | 'heldout', pages: number): Set<string> => {
      const texts = Array.from({ length: pages }, (_, index) => generateMathDocument(3, index, set).text);
      const questions = /factorisation of (\d+)|Write (\d+) as a product/g;
      return new Set([...texts.join('').matchAll(questions)].map((match) => match[1] ?? match[2]!));
    };
    const training = factorised('training', 1500);
    const heldout = factorised('heldout', 600);
    expect(training.size).toBeGreaterThan(50);
    expect(heldout.size).toBeGreaterThan(5);
    expect([...heldout].filter((number) => training.has(number))).toEqual([]);
  });

  it('holds out about one problem in eight', () => {
    const heldOut = KINDS.flatMap((kind) =>
      samples(kind).filter((problem) => isHeldOutProblem(kind, problem)),
    );
    expect(heldOut.length / (KINDS.length * SAMPLES)).toBeGreaterThan(0.1);
    expect(heldOut.length / (KINDS.length * SAMPLES)).toBeLessThan(0.15);
  });
});

/** The pairs of numeric expressions that a step says are equal; what has letters in it is left out. */
function numericEquations(step: string): [string, string][] {
  const equations: [string, string][] = [];
  for (const clause of step.split(/, | is | and | so |(?<! ): |the result|half of|with (?:product|sum)/)) {
    const sides = clause.replaceAll(' mod ', ' % ').replaceAll(' : ', ' / ').split(' = ');
    for (let at = 0; at + 1 < sides.length; at++) {
      const [left, right] = [sides[at]!.trim(), sides[at + 1]!.trim()];
      if (isNumeric(left) && isNumeric(right)) equations.push([left, right]);
    }
  }
  return equations;
}

function isNumeric(text: string): boolean {
  // A comma inside `gcd(12, 18)` leaves half a bracket.
  const balanced = text.split('(').length === text.split(')').length;
  return balanced && /^[-(\d][\d\s.+\-*/^%()]*$/.test(text);
}
