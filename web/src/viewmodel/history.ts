import type { Api } from '../model/api';
import { ApiError } from '../model/api';
import type { Clock } from '../model/clock';
import type { Collection } from '../model/collection';
import type { Call, PastCall } from '../model/messages';
import { Observable } from '../model/observable';
import { Scope, type Dispose } from '../model/scope';

export const PAGE_SIZE = 50;
/** From the last key press in the filter to the question. */
export const TYPING_MS = 300;

export type HistoryState = 'loading' | 'more' | 'ready' | 'failed';

export class HistoryViewModel {
  readonly calls = new Observable<readonly PastCall[]>([]);
  readonly state = new Observable<HistoryState>('ready');
  readonly error = new Observable<ApiError | null>(null);
  readonly older = new Observable(false);
  readonly dn = new Observable('');
  /** Calls that have ended since the list was read. */
  readonly newer = new Observable(0);
  readonly #api: Api;
  readonly #clock: Clock;
  readonly #scope = new Scope();
  #next: string | null = null;
  #question = 0;
  #timer: Dispose | null = null;
  #opened = false;

  constructor(api: Api, clock: Clock, live: Collection<Call>) {
    this.#api = api;
    this.#clock = clock;
    this.#scope.own(
      live.subscribe(({ all, gone }) => {
        const ended = this.#opened && !all ? gone.filter((call) => this.#wanted(call)).length : 0;
        this.newer.set(this.newer.value + ended);
      }),
    );
    this.#scope.own(() => this.#timer?.());
    this.#scope.own(() => (this.#question += 1));
  }

  /** Shows the history of `dn` ('' for all). Reads it unless it is already there. */
  open(dn: string): void {
    if (this.#opened && dn === this.dn.value && this.state.value !== 'failed') return;
    this.dn.set(dn);
    void this.reload();
  }

  /** What is typed in the filter; the question follows when the typing pauses. */
  type(dn: string): void {
    this.dn.set(dn);
    this.#timer?.();
    this.#timer = this.#clock.after(TYPING_MS, () => void this.reload());
  }

  async reload(): Promise<void> {
    this.#timer?.();
    this.#timer = null;
    this.#opened = true;
    this.#next = null;
    this.state.set('loading');
    await this.#ask([]);
  }

  async loadOlder(): Promise<void> {
    const { value } = this.state;
    if (this.#next === null || (value !== 'ready' && value !== 'failed')) return;
    this.state.set('more');
    await this.#ask(this.calls.value);
  }

  /** After an error: the same question again. */
  retry(): Promise<void> {
    return this.#next === null ? this.reload() : this.loadOlder();
  }

  dispose(): void {
    this.#scope.dispose();
  }

  #wanted(call: Call): boolean {
    const dn = this.dn.value.trim();
    return dn === '' || call.from === dn || call.to === dn;
  }

  async #ask(before: readonly PastCall[]): Promise<void> {
    const question = ++this.#question;
    try {
      const page = await this.#api.history({ limit: PAGE_SIZE, before: this.#next, dn: this.dn.value.trim() });
      if (question !== this.#question) return; // another question was asked meanwhile
      const known = new Set(before.map((call) => call.call_id));
      this.#next = page.next;
      this.calls.set([...before, ...page.calls.filter((call) => !known.has(call.call_id))]);
      this.older.set(page.next !== null);
      if (before.length === 0) this.newer.set(0);
      this.error.set(null);
      this.state.set('ready');
    } catch (error) {
      if (question !== this.#question) return;
      if (!(error instanceof ApiError)) throw error;
      this.error.set(error);
      this.state.set('failed');
    }
  }
}
