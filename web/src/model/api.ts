import type { Clock } from './clock';
import type { HistoryPage, Status, User } from './messages';
import type { ServerTime } from './server-time';
import { Signal } from './observable';

const TIMEOUT_MS = 10000;

/** `status` 0: the server could not be reached. `sentence` is the server's own, in English, possibly empty. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly symbol: string,
    readonly sentence: string,
  ) {
    super(sentence || symbol || `status ${status}`);
  }
}

export interface HistoryQuery {
  limit: number;
  before: string | null;
  dn: string;
}

export interface Api {
  /** An answer said that the session has ended. */
  readonly signedOut: Signal<void>;
  login(user: string, password: string): Promise<User>;
  logout(): Promise<void>;
  me(): Promise<User>;
  history(query: HistoryQuery): Promise<HistoryPage>;
  status(): Promise<Status>;
}

async function failure(answer: Response): Promise<ApiError> {
  try {
    const { error } = (await answer.json()) as { error?: { symbol?: string; sentence?: string } };
    return new ApiError(answer.status, error?.symbol ?? '', error?.sentence ?? '');
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

  status(): Promise<Status> {
    return this.#json<Status>('status');
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
