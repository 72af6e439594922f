import { ApiError, type Api } from '../model/api';
import type { ConfigObject, Field, Kind, ObjectName, Transaction } from '../model/config-messages';
import { Observable } from '../model/observable';
import { Asking } from './asking';
import { applies, checkField, makeDraft, objectOf, type Draft, type Problem } from './draft';

export type FormProblem = Problem | { sentence: string };

export interface FormParams {
  api: Api;
  kinds: readonly Kind[];
  kind: Kind;
  name: string;
  /** Told the name of what was written, or null when it was removed. What was there before stays open. */
  done(name: string | null): void;
}

/** One object in its form: read, changed, written, removed; and who uses it, and what it was before. */
export class ObjectFormViewModel {
  readonly kind: Kind;
  /** Empty: a new one. */
  readonly name: string;
  readonly draft = new Observable<Draft>({});
  readonly problems = new Observable<Readonly<Record<string, FormProblem>>>({});
  readonly comment = new Observable('');
  readonly loading = new Asking();
  readonly saving = new Asking();
  readonly users = new Observable<readonly ObjectName[]>([]);
  readonly history = new Observable<readonly Transaction[]>([]);
  /** Somebody else has changed it since it was read. */
  readonly conflict = new Observable(false);
  /** Names that a reference may take, by field. */
  readonly suggestions = new Observable<Readonly<Record<string, readonly string[]>>>({});
  readonly loaded = new Observable<ConfigObject | null>(null);
  readonly #api: Api;
  readonly #kinds: readonly Kind[];
  readonly #suggesting = new Asking();
  readonly #done: (name: string | null) => void;

  constructor({ api, kinds, kind, name, done }: FormParams) {
    this.#api = api;
    this.#kinds = kinds;
    this.kind = kind;
    this.name = name;
    this.#done = done;
    this.draft.set(makeDraft(kind, null));
  }

  get isNew(): boolean {
    return this.name === '';
  }

  get fields(): Field[] {
    return this.kind.fields.filter((field) => applies(field, this.draft.value));
  }

  async load(): Promise<void> {
    if (this.isNew) return;
    const of = { kind: this.kind.name, name: this.name };
    const got = await this.loading.ask(() =>
      Promise.all([this.#api.object(of), this.#api.users(of), this.#api.transactions({ of, before: null, limit: 50 })]),
    );
    if (got === null) return;
    const [object, users, { changes }] = got.answer;
    this.loaded.set(object);
    this.draft.set(makeDraft(this.kind, object));
    this.users.set(users);
    this.history.set(changes);
    this.problems.set({});
    this.conflict.set(false);
  }

  edit(field: string, value: Draft[string]): void {
    this.draft.set({ ...this.draft.value, [field]: value });
    if (!(field in this.problems.value)) return;
    const { [field]: solved, ...others } = this.problems.value;
    this.problems.set(others);
  }

  /** Looks for objects that a reference could name, by what is typed so far. */
  async suggest(field: Field): Promise<void> {
    const referred = this.#kinds.find(({ name }) => name === field.refers);
    const typed = this.draft.value[field.name];
    if (referred === undefined) return;
    const search = typeof typed === 'string' && typed !== this.loaded.value?.[field.name] ? typed : '';
    const got = await this.#suggesting.ask(() => this.#api.objects({ kind: referred.name, search, after: null, limit: 20 }));
    const key = referred.fields[0]?.name ?? 'name';
    if (got === null) return;
    this.suggestions.set({ ...this.suggestions.value, [field.name]: got.answer.objects.map((object) => String(object[key])) });
  }

  async save(): Promise<void> {
    const { kind, draft } = this;
    const found = kind.fields.map((field) => [field.name, checkField(field, draft.value, this.isNew)] as const);
    this.problems.set(Object.fromEntries(found.filter((entry): entry is [string, Problem] => entry[1] !== null)));
    if (Object.keys(this.problems.value).length > 0) return;
    const object = objectOf(kind, draft.value);
    const name = String(object[kind.fields[0]?.name ?? 'name'] ?? '');
    const version = this.loaded.value?.version ?? 0;
    const change = { action: 'put', kind: kind.name, name: this.name || name, object, version } as const;
    const got = await this.saving.ask(() => this.#api.change([change], this.comment.value.trim()));
    if (got === null) {
      this.#refused(this.saving.error.value);
      return;
    }
    this.comment.set('');
    this.#done(name);
    await this.load();
  }

  async remove(): Promise<void> {
    const version = this.loaded.value?.version ?? 0;
    const change = { action: 'delete', kind: this.kind.name, name: this.name, version } as const;
    const got = await this.saving.ask(() => this.#api.change([change], this.comment.value.trim()));
    if (got === null) this.#refused(this.saving.error.value);
    else this.#done(null);
  }

  async undo(number: number): Promise<void> {
    const got = await this.saving.ask(() => this.#api.undo(number));
    if (got === null) this.#refused(this.saving.error.value);
    else await this.load();
  }

  dispose(): void {
    this.loading.forget();
    this.saving.forget();
    this.#suggesting.forget();
  }

  #refused(error: ApiError | null): void {
    if (error === null) return;
    const field = error.path.split('/').reverse().find((part) => this.kind.fields.some(({ name }) => name === part));
    if (field !== undefined) this.problems.set({ ...this.problems.value, [field]: { sentence: error.sentence } });
    this.conflict.set(error.status === 409);
  }
}
