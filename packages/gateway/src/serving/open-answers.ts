import { stopping, unavailable } from '../errors.ts';
import type { Answer } from './answer.ts';

/**
 * Answers whose usage is not recorded yet. Bounds how many choices are written or wait at once: what cannot be answered soon is
 * refused at once. A server that stops ends them and waits for their receipts.
 */
export class OpenAnswers {
  readonly #maxChoices: number;
  readonly #open = new Set<Answer>();
  #choices = 0;
  #isClosed = false;

  constructor(maxChoices: number) {
    this.#maxChoices = maxChoices;
  }

  /** Begins an answer of so many choices, or fails with 503. Its places are free again when it has ended. */
  open(choices: number, begin: () => Answer): Answer {
    if (this.#isClosed) throw stopping();
    if (this.#choices + choices > this.#maxChoices)
      throw unavailable('The server has as many requests as it can hold; try again shortly.', 'overloaded');
    const answer = begin();
    this.#open.add(answer);
    this.#choices += choices;
    void answer.ended.then(() => {
      this.#open.delete(answer);
      this.#choices -= choices;
    });
    return answer;
  }

  /** Refuses what comes from now on and ends what is open; resolves when all receipts are written. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#open].map((answer) => answer.end()));
  }
}
