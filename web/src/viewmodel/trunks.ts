import type { Api } from '../model/api';
import type { Clock } from '../model/clock';
import type { Trunk } from '../model/config-messages';
import { Observable } from '../model/observable';
import { Polling } from './polling';

/** How often they are asked for while the page is open. */
export const TRUNKS_MS = 2000;

/** Trunks as they are now; null: not read yet. */
export class TrunksViewModel {
  readonly trunks = new Observable<readonly Trunk[] | null>(null);
  readonly #polling: Polling;
  readonly failed;

  constructor(api: Api, clock: Clock) {
    this.#polling = new Polling(clock, TRUNKS_MS, async () => this.trunks.set(await api.trunks()));
    this.failed = this.#polling.failed;
  }

  open(): void {
    this.#polling.open();
  }

  close(): void {
    this.#polling.close();
  }
}
