import { ApiError } from '../model/api';
import type { Clock } from '../model/clock';
import { Observable } from '../model/observable';
import type { Dispose } from '../model/scope';

/** Asks again and again while a page is open; `failed` says why the last try did not work. */
export class Polling {
  readonly failed = new Observable<ApiError | null>(null);
  readonly #clock: Clock;
  readonly #interval: number;
  readonly #ask: () => Promise<void>;
  #timer: Dispose | null = null;
  #open = false;

  constructor(clock: Clock, interval: number, ask: () => Promise<void>) {
    this.#clock = clock;
    this.#interval = interval;
    this.#ask = ask;
  }

  open(): void {
    this.#open = true;
    void this.now();
  }

  close(): void {
    this.#open = false;
    this.#timer?.();
    this.#timer = null;
  }

  async now(): Promise<void> {
    try {
      await this.#ask();
      this.failed.set(null);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.failed.set(error);
    }
    if (this.#open && this.#timer === null) this.#timer = this.#clock.after(this.#interval, () => this.#again());
  }

  #again(): void {
    this.#timer = null;
    void this.now();
  }
}
