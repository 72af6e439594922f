import { ApiError, type Api } from '../model/api';
import type { Clock } from '../model/clock';
import type { Ban, Bans } from '../model/config-messages';
import { Observable } from '../model/observable';
import { Polling } from './polling';

/** How often they are asked for while the page is open. */
export const BANS_MS = 5000;

/** Who is shut out, and which numbers do what they should not; null: not read yet. */
export class BansViewModel {
  readonly bans = new Observable<Bans | null>(null);
  /** Why the last one could not be lifted. */
  readonly refused = new Observable<ApiError | null>(null);
  readonly #api: Api;
  readonly #polling: Polling;
  readonly failed;

  constructor(api: Api, clock: Clock) {
    this.#api = api;
    this.#polling = new Polling(clock, BANS_MS, async () => this.bans.set(await api.bans()));
    this.failed = this.#polling.failed;
  }

  open(): void {
    this.#polling.open();
  }

  close(): void {
    this.#polling.close();
  }

  async lift({ network }: Ban): Promise<void> {
    try {
      await this.#api.lift(network);
      this.refused.set(null);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.refused.set(error.status === 404 ? null : error); // it is gone, as was wanted
    }
    await this.#polling.now();
  }
}
