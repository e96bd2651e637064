import type { LossAgreement } from './difference.ts';

/**
 * Compares measured figures: exactly for reports of the own build, within the run's tolerance for others. Keeps what the
 * agreement of all of them comes to.
 */
export class LossComparison {
  readonly #toleranceNanoNats: number;
  #compared = 0;
  #exact = 0;
  #largest = 0;

  constructor(toleranceNanoNats: number) {
    this.#toleranceNanoNats = toleranceNanoNats;
  }

  /** The first place where figures disagree, or null. Counts them all if they agree. */
  losses(own: readonly number[], reported: readonly number[], isOwnBuild: boolean): Disagreement | null {
    if (own.length !== reported.length) {
      return { at: 'length', expected: own.length, found: reported.length };
    }
    for (const [i, loss] of own.entries()) {
      if (!this.agree(loss, reported[i]!, isOwnBuild)) return { at: i, expected: loss, found: reported[i]! };
    }
    for (const [i, loss] of own.entries()) this.#count(Math.abs(loss - reported[i]!));
    return null;
  }

  agree(own: number, reported: number, isOwnBuild: boolean, losses = 1): boolean {
    return Math.abs(own - reported) <= (isOwnBuild ? 0 : losses * this.#toleranceNanoNats);
  }

  #count(distance: number): void {
    this.#compared += 1;
    if (distance === 0) this.#exact += 1;
    this.#largest = Math.max(this.#largest, distance);
  }

  get agreement(): LossAgreement {
    return {
      kind: 'measured',
      compared: this.#compared,
      exact: this.#exact,
      largestNanoNats: this.#largest,
      toleranceNanoNats: this.#toleranceNanoNats,
    };
  }
}

export type Disagreement = {
  readonly at: number | 'length';
  readonly expected: number;
  readonly found: number;
};
