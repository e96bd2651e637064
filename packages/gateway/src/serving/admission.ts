import { ApiError } from '../errors.ts';

/** Bounds how many choices are written or wait at once: what cannot be answered soon is refused at once. */
export class Admission {
  readonly #maxChoices: number;
  #admitted = 0;

  constructor(maxChoices: number) {
    this.#maxChoices = maxChoices;
  }

  /** Takes places until the result is disposed, or fails with 503. */
  admit(choices: number): Disposable {
    if (this.#admitted + choices > this.#maxChoices) {
      throw new ApiError(503, 'The server has as many requests as it can hold; try again shortly.', {
        type: 'server_error',
        code: 'overloaded',
        retryAfterSeconds: 1,
      });
    }
    this.#admitted += choices;
    let released = false;
    return {
      [Symbol.dispose]: () => {
        if (released) return;
        released = true;
        this.#admitted -= choices;
      },
    };
  }
}
