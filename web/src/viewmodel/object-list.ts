import type { Api } from '../model/api';
import type { Clock } from '../model/clock';
import type { ConfigObject } from '../model/config-messages';
import { Observable } from '../model/observable';
import type { Dispose } from '../model/scope';
import { Asking } from './asking';

export const OBJECTS_PAGE = 100;
/** From the last key press in the search to the question. */
export const SEARCH_MS = 250;

/** The objects of one kind, page after page, those that match a search. */
export class ObjectListViewModel {
  readonly kind = new Observable('');
  readonly search = new Observable('');
  readonly objects = new Observable<readonly ConfigObject[]>([]);
  readonly asking = new Asking();
  readonly more = new Observable(false);
  readonly #api: Api;
  readonly #clock: Clock;
  #next: string | null = null;
  #timer: Dispose | null = null;

  constructor(api: Api, clock: Clock) {
    this.#api = api;
    this.#clock = clock;
  }

  open(kind: string): void {
    if (kind === this.kind.value) return;
    this.kind.set(kind);
    this.search.set('');
    this.objects.set([]);
    void this.reload();
  }

  type(search: string): void {
    this.search.set(search);
    this.#timer?.();
    this.#timer = this.#clock.after(SEARCH_MS, () => void this.reload());
  }

  async reload(): Promise<void> {
    this.#timer?.();
    this.#timer = null;
    this.#next = null;
    await this.#ask([]);
  }

  async loadMore(): Promise<void> {
    if (this.#next !== null && !this.asking.busy.value) await this.#ask(this.objects.value);
  }

  dispose(): void {
    this.#timer?.();
    this.asking.forget();
  }

  async #ask(before: readonly ConfigObject[]): Promise<void> {
    const query = { kind: this.kind.value, search: this.search.value.trim(), after: this.#next, limit: OBJECTS_PAGE };
    if (query.kind === '') return;
    const got = await this.asking.ask(() => this.#api.objects(query));
    if (got === null) return;
    this.#next = got.answer.next ?? null;
    this.more.set(this.#next !== null);
    this.objects.set([...before, ...got.answer.objects]);
  }
}
