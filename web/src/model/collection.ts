import { Signal } from './observable';
import type { Dispose } from './scope';

export interface CollectionChange<T> {
  /** Everything was replaced: `changed` is all there is now. */
  all: boolean;
  changed: readonly T[];
  gone: readonly T[];
}

/** Objects by key, filled by a snapshot and kept current by changes. The objects themselves never change. */
export class Collection<T> {
  readonly #key: (item: T) => string;
  readonly #changed = new Signal<CollectionChange<T>>();
  #items = new Map<string, T>();

  constructor(key: (item: T) => string) {
    this.#key = key;
  }

  get items(): ReadonlyMap<string, T> {
    return this.#items;
  }

  get subscribers(): number {
    return this.#changed.subscribers;
  }

  replace(items: readonly T[]): void {
    const before = this.#items;
    this.#items = new Map(items.map((item) => [this.#key(item), item]));
    const gone = [...before].filter(([key]) => !this.#items.has(key)).map(([, item]) => item);
    this.#changed.emit({ all: true, changed: items, gone });
  }

  apply(changed: readonly T[], goneKeys: readonly string[]): void {
    const gone: T[] = [];
    for (const key of goneKeys) {
      const item = this.#items.get(key);
      if (item === undefined) continue;
      this.#items.delete(key);
      gone.push(item);
    }
    for (const item of changed) this.#items.set(this.#key(item), item);
    if (changed.length > 0 || gone.length > 0) this.#changed.emit({ all: false, changed, gone });
  }

  subscribe(handler: (change: CollectionChange<T>) => void): Dispose {
    return this.#changed.subscribe(handler);
  }
}
