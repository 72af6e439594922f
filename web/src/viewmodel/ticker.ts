import type { Clock } from '../model/clock';
import { Signal } from '../model/observable';
import type { Dispose } from '../model/scope';
import type { ServerTime } from '../model/server-time';

/** One beat a second for everything that counts up. It beats only while somebody listens. */
export class Ticker {
  readonly #clock: Clock;
  readonly #time: ServerTime;
  readonly #beat = new Signal<number>();
  #timer: Dispose | null = null;

  constructor(clock: Clock, time: ServerTime) {
    this.#clock = clock;
    this.#time = time;
  }

  /** The server's time in milliseconds. */
  now(): number {
    return this.#time.now();
  }

  subscribe(handler: (now: number) => void): Dispose {
    const dispose = this.#beat.subscribe(handler);
    if (this.#timer === null) this.#arm();
    return () => {
      dispose();
      if (this.#beat.subscribers > 0) return;
      this.#timer?.();
      this.#timer = null;
    };
  }

  #arm(): void {
    this.#timer = this.#clock.after(1000 - (this.#clock.now() % 1000), () => {
      this.#arm();
      this.#beat.emit(this.now());
    });
  }
}
