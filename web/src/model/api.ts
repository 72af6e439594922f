import type { Clock } from './clock';
import type { Alarm, Bans, Change, ConfigObject, EnrolmentCode, Kind, Member, ObjectName, ObjectPage, Transaction, TransactionPage, Trunk } from './config-messages';
import type { HistoryPage, Registration, RegistrationPage, Status, User } from './messages';
import type { TraceAnswers, TraceDialogs, TraceMessages } from './trace-messages';
import type { ServerTime } from './server-time';
import { Signal } from './observable';

const TIMEOUT_MS = 10000;

/** `status` 0: the server could not be reached. `sentence` is the server's own, in English, possibly empty. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly symbol: string,
    readonly sentence: string,
    /** Of the field that is wrong, as "/changes/0/object/secret". */
    readonly path = '',
  ) {
    super(sentence || symbol || `status ${status}`);
  }
}

export interface HistoryQuery {
  limit: number;
  before: string | null;
  dn: string;
}

export interface RegistrationQuery {
  search: string;
  after: string | null;
  limit: number;
}

export interface TraceQuery {
  /** Call-IDs. */
  calls: readonly string[];
  proxy?: string;
  /** TraceMessages.last of the page before. */
  after?: string;
}

export interface ObjectQuery {
  kind: string;
  search: string;
  after: string | null;
  limit: number;
}

export interface TransactionQuery {
  of: ObjectName | null;
  before: number | null;
  limit: number;
}

export interface Api {
  /** An answer said that the session has ended. */
  readonly signedOut: Signal<void>;
  login(user: string, password: string): Promise<User>;
  logout(): Promise<void>;
  me(): Promise<User>;
  history(query: HistoryQuery): Promise<HistoryPage>;
  registrations(query: RegistrationQuery): Promise<RegistrationPage>;
  /** The phone is not called any more, until it registers again. */
  unregister(registration: Registration): Promise<void>;
  status(): Promise<Status>;

  kinds(): Promise<Kind[]>;
  objects(query: ObjectQuery): Promise<ObjectPage>;
  object(of: ObjectName): Promise<ConfigObject>;
  users(of: ObjectName): Promise<ObjectName[]>;
  change(changes: Change[], comment: string): Promise<Transaction>;
  transactions(query: TransactionQuery): Promise<TransactionPage>;
  undo(number: number): Promise<Transaction>;

  members(): Promise<Member[]>;
  /** Only the key whose fingerprint was shown. */
  trust(member: Member): Promise<void>;
  revoke(member: string): Promise<void>;
  code(member: string): Promise<EnrolmentCode>;

  alarms(): Promise<Alarm[]>;
  trunks(): Promise<Trunk[]>;
  /** Of a call, by its id. */
  traceDialogs(call: string): Promise<TraceAnswers<TraceDialogs>>;
  traceMessages(query: TraceQuery): Promise<TraceAnswers<TraceMessages>>;
  bans(): Promise<Bans>;
  /** Lets a network in again that the program has banned. */
  lift(network: string): Promise<void>;
  acknowledge(alarm: number): Promise<void>;
}

const part = encodeURIComponent;

async function failure(answer: Response): Promise<ApiError> {
  try {
    const { error } = (await answer.json()) as { error?: { symbol?: string; sentence?: string; path?: string } };
    return new ApiError(answer.status, error?.symbol ?? '', error?.sentence ?? '', error?.path ?? '');
  } catch {
    return new ApiError(answer.status, '', '');
  }
}

export class HttpApi implements Api {
  readonly signedOut = new Signal<void>();

  constructor(
    readonly clock: Clock,
    readonly serverTime: ServerTime,
    readonly fetch: typeof globalThis.fetch,
  ) {}

  login(user: string, password: string): Promise<User> {
    return this.#json<User>('login', { method: 'POST', body: JSON.stringify({ user, password }) });
  }

  async logout(): Promise<void> {
    await this.#request('logout', { method: 'POST' });
  }

  me(): Promise<User> {
    return this.#json<User>('me');
  }

  history({ limit, before, dn }: HistoryQuery): Promise<HistoryPage> {
    const query = new URLSearchParams({ limit: String(limit) });
    if (before !== null) query.set('before', before);
    if (dn !== '') query.set('dn', dn);
    return this.#json<HistoryPage>(`history?${query}`);
  }

  registrations({ search, after, limit }: RegistrationQuery): Promise<RegistrationPage> {
    const query = new URLSearchParams({ limit: String(limit) });
    if (search !== '') query.set('q', search);
    if (after !== null) query.set('after', after);
    return this.#json<RegistrationPage>(`registrations?${query}`);
  }

  async unregister({ dn, contact }: Registration): Promise<void> {
    await this.#request(`registrations/${part(dn)}?${new URLSearchParams({ contact })}`, { method: 'DELETE' });
  }

  status(): Promise<Status> {
    return this.#json<Status>('status');
  }

  async kinds(): Promise<Kind[]> {
    return (await this.#json<{ kinds: Kind[] }>('config')).kinds;
  }

  objects({ kind, search, after, limit }: ObjectQuery): Promise<ObjectPage> {
    const query = new URLSearchParams({ limit: String(limit) });
    if (search !== '') query.set('q', search);
    if (after !== null) query.set('after', after);
    return this.#json<ObjectPage>(`config/${part(kind)}?${query}`);
  }

  object({ kind, name }: ObjectName): Promise<ConfigObject> {
    return this.#json<ConfigObject>(`config/${part(kind)}/${part(name)}`);
  }

  async users({ kind, name }: ObjectName): Promise<ObjectName[]> {
    return (await this.#json<{ users: ObjectName[] }>(`config/${part(kind)}/${part(name)}/users`)).users;
  }

  change(changes: Change[], comment: string): Promise<Transaction> {
    return this.#post<Transaction>('changes', { comment, changes });
  }

  transactions({ of, before, limit }: TransactionQuery): Promise<TransactionPage> {
    const query = new URLSearchParams({ limit: String(limit) });
    if (of !== null) {
      query.set('kind', of.kind);
      query.set('name', of.name);
    }
    if (before !== null) query.set('before', String(before));
    return this.#json<TransactionPage>(`changes?${query}`);
  }

  undo(number: number): Promise<Transaction> {
    return this.#post<Transaction>(`changes/${number}/undo`);
  }

  async members(): Promise<Member[]> {
    return (await this.#json<{ members: Member[] }>('members')).members;
  }

  async trust({ name, fingerprint = '' }: Member): Promise<void> {
    await this.#post(`members/${part(name)}/trust`, { fingerprint });
  }

  async revoke(member: string): Promise<void> {
    await this.#post(`members/${part(member)}/revoke`);
  }

  code(member: string): Promise<EnrolmentCode> {
    return this.#post<EnrolmentCode>(`members/${part(member)}/code`);
  }

  async trunks(): Promise<Trunk[]> {
    return (await this.#json<{ trunks: Trunk[] }>('trunks')).trunks;
  }

  traceDialogs(call: string): Promise<TraceAnswers<TraceDialogs>> {
    return this.#json(`trace/dialogs?${new URLSearchParams({ call })}`);
  }

  traceMessages({ calls, proxy, after }: TraceQuery): Promise<TraceAnswers<TraceMessages>> {
    const query = new URLSearchParams({ sip: calls.join(' ') });
    if (proxy !== undefined) query.set('proxy', proxy);
    if (after !== undefined) query.set('after', after);
    return this.#json(`trace/messages?${query}`);
  }

  bans(): Promise<Bans> {
    return this.#json<Bans>('bans');
  }

  async lift(network: string): Promise<void> {
    await this.#request(`bans/${part(network)}`, { method: 'DELETE' });
  }

  async alarms(): Promise<Alarm[]> {
    return (await this.#json<{ alarms: Alarm[] }>('alarms')).alarms;
  }

  async acknowledge(alarm: number): Promise<void> {
    await this.#post(`alarms/${alarm}/acknowledge`);
  }

  #post<T>(path: string, body: unknown = {}): Promise<T> {
    return this.#json<T>(path, { method: 'POST', body: JSON.stringify(body) });
  }

  async #json<T>(path: string, init: RequestInit = {}): Promise<T> {
    const answer = await this.#request(path, init);
    try {
      return (await answer.json()) as T;
    } catch {
      throw new ApiError(0, '', '');
    }
  }

  async #request(path: string, init: RequestInit): Promise<Response> {
    const abort = new AbortController();
    const disarm = this.clock.after(TIMEOUT_MS, () => abort.abort());
    const headers: Record<string, string> = { Accept: 'application/json' };
    if (init.body !== undefined) headers['Content-Type'] = 'application/json';
    if (init.method !== undefined) headers['X-Tandem-Request'] = '1';
    const { fetch } = this;
    let answer: Response;
    try {
      answer = await fetch(`api/${path}`, { ...init, headers, signal: abort.signal, cache: 'no-store' });
    } catch {
      throw new ApiError(0, '', '');
    } finally {
      disarm();
    }
    this.serverTime.learn(answer.headers.get('Date'));
    if (answer.ok) return answer;
    const error = await failure(answer);
    if (error.status === 401 && path !== 'login' && path !== 'me') this.signedOut.emit();
    throw error;
  }
}
