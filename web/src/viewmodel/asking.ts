import { ApiError } from '../model/api';
import { Observable } from '../model/observable';

/** A question to the server that a page shows: busy, answered, or failed. Only the newest question counts. */
export class Asking {
  readonly busy = new Observable(false);
  readonly error = new Observable<ApiError | null>(null);
  #question = 0;

  /** The answer; null when it failed or another question was asked meanwhile. */
  async ask<T>(question: () => Promise<T>): Promise<{ answer: T } | null> {
    const own = ++this.#question;
    this.busy.set(true);
    try {
      const answer = await question();
      if (own !== this.#question) return null;
      this.error.set(null);
      return { answer };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (own === this.#question) this.error.set(error);
      return null;
    } finally {
      if (own === this.#question) this.busy.set(false);
    }
  }

  /** Answers that are under way count no more. */
  forget(): void {
    this.#question += 1;
    this.busy.set(false);
    this.error.set(null);
  }
}
