import type { SeededRandom } from '../seeded-random.ts';

/** A question with worked steps. `given` holds the numbers it was made from, so that a test can solve it anew. */
export type MathProblem = {
  readonly question: string;
  readonly steps: readonly string[];
  /** What stands after "Answer:", exactly. */
  readonly answer: string;
  readonly given: readonly number[];
};

export type MathProblemKind = (random: SeededRandom) => MathProblem;
