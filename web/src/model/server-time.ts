import type { Clock } from './clock';

/** A `Date` header has whole seconds: smaller differences say nothing. */
const NOTICEABLE_MS = 2000;

/** The server's time, so that durations are right on a machine whose clock is not. */
export class ServerTime {
  #clock: Clock;
  #ahead = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now() + this.#ahead;
  }

  /** `header` is the Date header of an answer that has just come. */
  learn(header: string | null): void {
    const told = header === null ? NaN : Date.parse(header);
    if (Number.isNaN(told)) return;
    const ahead = told + 500 - this.#clock.now();
    this.#ahead = Math.abs(ahead) > NOTICEABLE_MS ? ahead : 0;
  }
}

/** Microseconds as the server writes them, to milliseconds. Exact enough until the year 2255. */
export function milliseconds(micros: string): number {
  return Math.floor(Number(micros) / 1000);
}
