import type { Dispose } from './scope';

/** Time and chance. Nothing else in model and view model may ask for them, so that tests can turn the hands. */
export interface Clock {
  /** Milliseconds since the epoch, as this machine believes. */
  now(): number;
  /** Calls `handler` once after `delay` milliseconds unless disposed before. */
  after(delay: number, handler: () => void): Dispose;
  /** At least 0, below 1. */
  random(): number;
}

export const realClock: Clock = {
  now: () => Date.now(),
  after(delay, handler) {
    const timer = setTimeout(handler, delay);
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
};
