import type { Dispose } from './scope';

/** What a reader sees of a value that changes: the value now, and a call after each change. */
export interface Readable<T> {
  readonly value: T;
  subscribe(handler: (value: T) => void): Dispose;
}

/** Notifications without a value. Handlers may subscribe and unsubscribe while one is being delivered. */
export class Signal<T> {
  #handlers = new Set<(value: T) => void>();

  get subscribers(): number {
    return this.#handlers.size;
  }

  subscribe(handler: (value: T) => void): Dispose {
    const own = (value: T): void => handler(value); // its own identity: the same handler may subscribe twice
    this.#handlers.add(own);
    return () => this.#handlers.delete(own);
  }

  emit(value: T): void {
    for (const handler of [...this.#handlers]) if (this.#handlers.has(handler)) handler(value);
  }
}

export class Observable<T> implements Readable<T> {
  #value: T;
  #changed = new Signal<T>();

  constructor(initial: T) {
    this.#value = initial;
  }

  get value(): T {
    return this.#value;
  }

  get subscribers(): number {
    return this.#changed.subscribers;
  }

  set(next: T): void {
    if (Object.is(next, this.#value)) return;
    this.#value = next;
    this.#changed.emit(next);
  }

  subscribe(handler: (value: T) => void): Dispose {
    return this.#changed.subscribe(handler);
  }
}
