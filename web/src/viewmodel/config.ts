import type { Api } from '../model/api';
import type { Clock } from '../model/clock';
import type { Kind, Transaction } from '../model/config-messages';
import { Observable } from '../model/observable';
import { Asking } from './asking';
import { ObjectFormViewModel } from './object-form';
import { ObjectListViewModel } from './object-list';
import { formatOf, parseOf, type Router } from './router';

/** In the place of a name: the form of an object that is not there yet; no object can have this name. */
export const NEW = '+';
/** In the place of a kind: all changes. */
export const CHANGES = 'changes';

/** The configuration: kinds, the objects of one, the form of one of these; or the list of all changes. */
export class ConfigViewModel {
  readonly kinds = new Observable<readonly Kind[]>([]);
  readonly asking = new Asking();
  readonly list: ObjectListViewModel;
  readonly form = new Observable<ObjectFormViewModel | null>(null);
  readonly changes = new Observable<readonly Transaction[] | null>(null);
  readonly older = new Observable(false);
  readonly #api: Api;
  #go: (of: string) => void = () => undefined;
  #next: number | null = null;

  constructor(api: Api, clock: Clock) {
    this.#api = api;
    this.list = new ObjectListViewModel(api, clock);
  }

  /** What Route.of names; `router` is moved when an object was written or removed. */
  async open(of: string, router: Pick<Router, 'go'>): Promise<void> {
    this.#go = (next) => router.go({ page: 'config', dn: '', of: next });
    if (this.kinds.value.length === 0) {
      const got = await this.asking.ask(() => this.#api.kinds());
      if (got === null) return;
      this.kinds.set(got.answer);
    }
    const { kind: wanted, name } = parseOf(of);
    if (wanted === CHANGES) {
      this.#show(null, '');
      await this.loadChanges();
      return;
    }
    this.changes.set(null);
    const kind = this.kinds.value.find((one) => one.name === wanted) ?? this.kinds.value[0] ?? null;
    if (kind !== null) this.list.open(kind.name);
    this.#show(kind, name);
  }

  async loadChanges(before: number | null = null): Promise<void> {
    const got = await this.asking.ask(() => this.#api.transactions({ of: null, before, limit: 50 }));
    if (got === null) return;
    this.#next = got.answer.next ?? null;
    this.older.set(this.#next !== null);
    this.changes.set([...(before === null ? [] : (this.changes.value ?? [])), ...got.answer.changes]);
  }

  async loadOlderChanges(): Promise<void> {
    if (this.#next !== null) await this.loadChanges(this.#next);
  }

  async undo(number: number): Promise<void> {
    const got = await this.asking.ask(() => this.#api.undo(number));
    if (got !== null) await this.loadChanges();
  }

  dispose(): void {
    this.form.value?.dispose();
    this.list.dispose();
    this.asking.forget();
  }

  #show(kind: Kind | null, name: string): void {
    const shown = this.form.value;
    if (shown !== null && kind === shown.kind && (name === NEW ? '' : name) === shown.name && name !== '') return;
    shown?.dispose();
    if (kind === null || name === '') {
      this.form.set(null);
      return;
    }
    const form = new ObjectFormViewModel({
      api: this.#api,
      kinds: this.kinds.value,
      kind,
      name: name === NEW ? '' : name,
      done: (written) => this.#written(kind, written),
    });
    this.form.set(form);
    void form.load();
  }

  #written(kind: Kind, name: string | null): void {
    void this.list.reload();
    if (name !== this.form.value?.name) this.#go(formatOf(kind.name, name ?? ''));
  }
}
