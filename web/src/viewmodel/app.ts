import { ApiError, type Api } from '../model/api';
import type { Clock } from '../model/clock';
import type { OpenSocket, Surroundings } from '../model/connection';
import type { User } from '../model/messages';
import { Observable } from '../model/observable';
import { Scope, type Dispose } from '../model/scope';
import type { ServerTime } from '../model/server-time';
import { LoginViewModel } from './login';
import type { Preferences } from './preferences';
import { Router, type AddressBar } from './router';
import { Ticker } from './ticker';
import { Workspace } from './workspace';

/** How often a page that found no server at its start asks again. */
export const RETRY_MS = 3000;

export type AppState = 'checking' | 'unreachable' | 'signed_out' | 'signed_in';

export interface AppParams {
  api: Api;
  clock: Clock;
  serverTime: ServerTime;
  open: OpenSocket;
  surroundings: Surroundings;
  addressBar: AddressBar;
  preferences: Preferences;
}

/** Who is here, and the workspace of this person. The workspace outlives a lost session, so that nothing typed is lost. */
export class AppViewModel {
  readonly state = new Observable<AppState>('checking');
  readonly workspace = new Observable<Workspace | null>(null);
  /** True when the log-in page is shown because a session ended by itself. */
  readonly expired = new Observable(false);
  readonly router: Router;
  readonly ticker: Ticker;
  readonly login: LoginViewModel;
  readonly #params: AppParams;
  readonly #scope = new Scope();
  #retry: Dispose | null = null;

  constructor(params: AppParams) {
    this.#params = params;
    this.router = new Router(params.addressBar);
    this.ticker = new Ticker(params.clock, params.serverTime);
    this.login = new LoginViewModel(params.api, (user) => this.#signedIn(user));
    this.#scope.own(() => this.router.dispose());
    this.#scope.own(() => this.#retry?.());
    this.#scope.own(() => this.workspace.value?.dispose());
    this.#scope.own(params.api.signedOut.subscribe(() => this.#expire()));
  }

  get preferences(): Preferences {
    return this.#params.preferences;
  }

  async start(): Promise<void> {
    this.#retry?.();
    this.#retry = null;
    try {
      this.#signedIn(await this.#params.api.me());
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (this.#scope.disposed) return;
      this.state.set(error.status === 401 ? 'signed_out' : 'unreachable');
      if (error.status !== 401) this.#retry = this.#params.clock.after(RETRY_MS, () => void this.start());
    }
  }

  async logout(): Promise<void> {
    this.#close();
    this.expired.set(false);
    this.login.user.set('');
    this.state.set('signed_out');
    try {
      await this.#params.api.logout();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error; // a session that nobody could end now ends by its own time
    }
  }

  dispose(): void {
    this.#scope.dispose();
  }

  #signedIn(user: User): void {
    if (this.#scope.disposed) return;
    if (this.workspace.value && this.workspace.value.user.user !== user.user) this.#close();
    if (!this.workspace.value) {
      const { api, clock, open, surroundings } = this.#params;
      this.workspace.set(new Workspace({ user, api, clock, open, surroundings, expired: () => this.#expire() }));
    }
    this.workspace.value?.feed.start();
    this.login.error.set(null);
    this.expired.set(false);
    this.state.set('signed_in');
  }

  #expire(): void {
    if (this.state.value !== 'signed_in') return;
    this.workspace.value?.feed.stop();
    this.login.user.set(this.workspace.value?.user.user ?? '');
    this.expired.set(true);
    this.state.set('signed_out');
  }

  #close(): void {
    this.workspace.value?.dispose();
    this.workspace.set(null);
  }
}
