import { ApiError, type Api } from '../model/api';
import type { Clock } from '../model/clock';
import type { Registration } from '../model/messages';
import { Observable } from '../model/observable';
import { Scope, type Dispose } from '../model/scope';

export const PAGE_SIZE = 100;
export const TYPING_MS = 300;
/** While the first page is all that is shown it is read again so often. */
export const REFRESH_MS = 5000;

/** What tells one row from another: two flows of a phone may have the same contact. */
export function rowKey({ dn, contact, instance = '', reg_id = 0 }: Registration): string {
  return reg_id === 0 ? `${dn} ${contact}` : `${dn} ${instance} ${reg_id}`;
}

export class RegistrationsViewModel {
  readonly rows = new Observable<readonly Registration[]>([]);
  readonly count = new Observable(0);
  readonly search = new Observable('');
  readonly more = new Observable(false);
  readonly busy = new Observable(false);
  readonly error = new Observable<ApiError | null>(null);
  readonly #api: Api;
  readonly #clock: Clock;
  readonly #scope = new Scope();
  #next: string | null = null;
  #question = 0;
  #timer: Dispose | null = null;

  constructor(api: Api, clock: Clock) {
    this.#api = api;
    this.#clock = clock;
    this.#scope.own(() => this.close());
  }

  /** From now on it is shown. */
  open(): void {
    void this.reload();
  }

  close(): void {
    this.#timer?.();
    this.#timer = null;
    this.#question += 1;
    this.busy.set(false);
  }

  type(search: string): void {
    this.search.set(search);
    this.#later(TYPING_MS);
  }

  reload(): Promise<void> {
    return this.#ask(null);
  }

  async loadMore(): Promise<void> {
    if (this.#next !== null && !this.busy.value) await this.#ask(this.#next);
  }

  async unregister(registration: Registration): Promise<void> {
    try {
      await this.#api.unregister(registration);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status !== 404) this.error.set(error); // otherwise it is gone, as was wanted
    }
    await this.reload();
  }

  dispose(): void {
    this.#scope.dispose();
  }

  #later(milliseconds: number): void {
    this.#timer?.();
    this.#timer = this.#clock.after(milliseconds, () => void this.reload());
  }

  /** Pages may be short, or empty, and not be the last. */
  async #ask(after: string | null): Promise<void> {
    const question = ++this.#question;
    this.#timer?.();
    this.#timer = null;
    this.busy.set(true);
    try {
      const page = await this.#api.registrations({ search: this.search.value.trim(), after, limit: PAGE_SIZE });
      if (question !== this.#question) return;
      const rows = after === null ? page.registrations : [...this.rows.value, ...page.registrations];
      this.#next = page.next;
      this.rows.set(rows);
      this.count.set(page.count);
      this.more.set(page.next !== null);
      this.error.set(null);
      this.busy.set(false);
      if (rows.length === 0 && page.next !== null) await this.#ask(page.next);
      else if (after === null) this.#later(REFRESH_MS);
    } catch (error) {
      if (question !== this.#question) return;
      if (!(error instanceof ApiError)) throw error;
      this.error.set(error);
      this.busy.set(false);
      this.#later(REFRESH_MS);
    }
  }
}
