import { ApiError, type Api } from '../model/api';
import type { Clock } from '../model/clock';
import type { Trunk } from '../model/config-messages';
import { Observable } from '../model/observable';
import type { Dispose } from '../model/scope';

/** How often they are asked for while the page is open. */
export const TRUNKS_MS = 2000;

/** Trunks as they are now; null: not read yet. */
export class TrunksViewModel {
  readonly trunks = new Observable<readonly Trunk[] | null>(null);
  readonly failed = new Observable<ApiError | null>(null);
  readonly #api: Api;
  readonly #clock: Clock;
  #timer: Dispose | null = null;
  #open = false;

  constructor(api: Api, clock: Clock) {
    this.#api = api;
    this.#clock = clock;
  }

  open(): void {
    this.#open = true;
    void this.#read();
  }

  close(): void {
    this.#open = false;
    this.#timer?.();
    this.#timer = null;
  }

  async #read(): Promise<void> {
    try {
      this.trunks.set(await this.#api.trunks());
      this.failed.set(null);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.failed.set(error);
    }
    if (this.#open && this.#timer === null) this.#timer = this.#clock.after(TRUNKS_MS, () => this.#again());
  }

  #again(): void {
    this.#timer = null;
    void this.#read();
  }
}
