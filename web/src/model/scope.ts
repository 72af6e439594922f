export type Dispose = () => void;

/** Owns what must be undone. Whoever makes a scope disposes of it; what is added later is undone first. */
export class Scope {
  #owned: Dispose[] = [];
  #disposed = false;

  get disposed(): boolean {
    return this.#disposed;
  }

  own(dispose: Dispose): Dispose {
    if (this.#disposed) dispose();
    else this.#owned.push(dispose);
    return dispose;
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const dispose of this.#owned.reverse()) dispose();
    this.#owned = [];
  }
}
