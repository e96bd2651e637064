import { createHash } from 'node:crypto';
import type { CorpusDocument } from '../corpus.ts';
import { SeededRandom } from '../seeded-random.ts';
import { MATH_PROBLEM_KINDS } from './kinds.ts';
import type { MathProblem } from './problem.ts';

/** Documents are closed once they are this long: several held-out sequences' worth of tokens. */
const MIN_DOCUMENT_CHARS = 700;
/** One problem in so many is held out: never in a training document, whatever its wording. */
const HELD_OUT_ONE_IN = 8;
/** Attempts at a problem of one kind before the next kind is tried: a small kind may have none to offer. */
const MAX_ATTEMPTS = 200;

const KIND_NAMES = Object.keys(MATH_PROBLEM_KINDS);

/** Which problems a document may hold. Kinds have few enough problems that chance alone would repeat them. */
export type MathProblemSet = 'all' | 'training' | 'heldout';

/** How a document writes its problems: as plain text, or in the notations of Markdown, LaTeX and JSON. */
export type MathNotation = 'plain' | 'markup';

/** One problem of a named kind, from two integers. */
export function generateMathProblem(kind: string, seed: number, index: number): MathProblem {
  const make = MATH_PROBLEM_KINDS[kind];
  if (make === undefined) throw new RangeError(`There is no kind of problem named "${kind}".`);
  return make(SeededRandom.fromIntegers(seed, index));
}

/** Whether the problem with these numbers belongs to the held-out ones. */
export function isHeldOutProblem(kind: string, problem: MathProblem): boolean {
  const digest = createHash('sha256')
    .update(`${kind}:${problem.given.join(',')}`)
    .digest();
  return digest[0]! % HELD_OUT_ONE_IN === 0;
}

/**
 * A generated page of exercises with worked solutions, a pure function of its arguments.
 *
 * A page repeats one kind, or mixes two or three: text books do both.
 */
export function generateMathDocument(
  seed: number,
  index: number,
  problems: MathProblemSet = 'all',
  notation: MathNotation = 'plain',
): CorpusDocument {
  const random = SeededRandom.fromIntegers(seed, index);
  const kinds = random.sample(KIND_NAMES, random.integer(1, 3));
  const layout = random.pick(LAYOUTS[notation]);
  const parts: string[] = [];
  let chars = 0;
  while (chars < MIN_DOCUMENT_CHARS) {
    const turn = parts.length % kinds.length;
    const problem = problemFrom(kinds[turn]!, problems, random);
    if (problem === null) {
      kinds[turn] = random.pick(KIND_NAMES);
      continue;
    }
    const part = layout(problem, parts.length + 1);
    parts.push(part);
    chars += part.length + 2;
  }
  const id = `math/${seed}/${index}`;
  return { id, text: `${parts.join('\n\n')}\n`, cluster: id };
}

function problemFrom(kind: string, problems: MathProblemSet, random: SeededRandom): MathProblem | null {
  const make = MATH_PROBLEM_KINDS[kind]!;
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const problem = make(random);
    if (problems === 'all' || isHeldOutProblem(kind, problem) === (problems === 'heldout')) return problem;
  }
  return null;
}

type Layout = (problem: MathProblem, number: number) => string;

const PLAIN_LAYOUTS: readonly Layout[] = [
  (problem, number) =>
    `Problem ${number}. ${problem.question}\nSolution. ${sentences(problem.steps)}\nAnswer: ${problem.answer}`,
  (problem) => `Question: ${problem.question}\n${list(problem.steps, '- ')}\nAnswer: ${problem.answer}`,
  (problem, number) =>
    `Exercise ${number}\n${problem.question}\n${problem.steps
      .map((step, at) => `Step ${at + 1}: ${step}`)
      .join('\n')}\nAnswer: ${problem.answer}`,
  (problem, number) =>
    `${number}) ${problem.question}\n${list(problem.steps, '   ')}\nAnswer: ${problem.answer}`,
];

const MARKUP_LAYOUTS: readonly Layout[] = [
  (problem, number) =>
    `### ${number}\n\n> ${problem.question}\n\n${problem.steps
      .map((step, at) => `${at + 1}. *${step}*`)
      .join('\n')}\n\n**Result:** \`${problem.answer}\``,
  (problem) =>
    `\\begin{exercise}\n  ${problem.question}\n\\end{exercise}\n\\begin{solution}\n${problem.steps
      .map((step) => `  \\item ${step}`)
      .join('\n')}\n  \\boxed{${problem.answer}}\n\\end{solution}`,
  (problem, number) =>
    JSON.stringify({ id: number, question: problem.question, steps: problem.steps, answer: problem.answer }),
];

const LAYOUTS: Readonly<Record<MathNotation, readonly Layout[]>> = {
  plain: PLAIN_LAYOUTS,
  markup: MARKUP_LAYOUTS,
};

function sentences(steps: readonly string[]): string {
  return steps.map((step) => `${step[0]!.toUpperCase()}${step.slice(1)}.`).join(' ');
}

function list(steps: readonly string[], mark: string): string {
  return steps.map((step) => `${mark}${step}`).join('\n');
}
