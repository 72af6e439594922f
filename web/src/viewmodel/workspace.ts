import { ApiError, type Api } from '../model/api';
import type { Clock } from '../model/clock';
import type { OpenSocket, Surroundings } from '../model/connection';
import { Feed } from '../model/feed';
import type { User } from '../model/messages';
import { Scope } from '../model/scope';
import { AboutViewModel } from './about';
import { BansViewModel } from './bans';
import { ConfigViewModel } from './config';
import { HistoryViewModel } from './history';
import { LiveViewModel } from './live';
import { RegistrationsViewModel } from './registrations';
import { PAGES, type Page } from './router';
import { SystemViewModel } from './system';
import { TraceViewModel } from './trace';
import { TrunksViewModel } from './trunks';

export interface WorkspaceParams {
  user: User;
  api: Api;
  clock: Clock;
  open: OpenSocket;
  surroundings: Surroundings;
  /** The feed was told that we must log in again. */
  expired(): void;
}

/** Everything that belongs to one person who is logged in. */
export class Workspace {
  readonly user: User;
  readonly feed: Feed;
  readonly live: LiveViewModel;
  readonly history: HistoryViewModel;
  readonly registrations: RegistrationsViewModel;
  readonly about: AboutViewModel;
  readonly config: ConfigViewModel;
  readonly system: SystemViewModel;
  readonly trunks: TrunksViewModel;
  readonly trace: TraceViewModel;
  readonly bans: BansViewModel;
  readonly #scope = new Scope();

  constructor({ user, api, clock, open, surroundings, expired }: WorkspaceParams) {
    this.user = user;
    this.feed = new Feed({ clock, open, surroundings, signedIn: () => signedIn(api) });
    this.#scope.own(() => this.feed.dispose());
    this.live = new LiveViewModel(this.feed, clock);
    this.#scope.own(() => this.live.dispose());
    this.history = new HistoryViewModel(api, clock, this.feed.calls);
    this.#scope.own(() => this.history.dispose());
    this.registrations = new RegistrationsViewModel(api, clock);
    this.#scope.own(() => this.registrations.dispose());
    this.about = new AboutViewModel(api);
    this.config = new ConfigViewModel(api, clock);
    this.#scope.own(() => this.config.dispose());
    this.system = new SystemViewModel(api, clock);
    this.#scope.own(() => this.system.dispose());
    this.trace = new TraceViewModel(api);
    this.#scope.own(() => this.trace.close());
    this.trunks = new TrunksViewModel(api, clock);
    this.#scope.own(() => this.trunks.close());
    this.bans = new BansViewModel(api, clock);
    this.#scope.own(() => this.bans.close());
    this.#scope.own(
      this.feed.state.subscribe(({ kind }) => {
        if (kind === 'signed_out') expired();
        if (kind === 'connected' && this.history.state.value === 'failed') void this.history.retry();
      }),
    );
  }

  /** Pages that this person may see. */
  get pages(): readonly Page[] {
    return this.user.role === 'agent' ? ['live', 'history', 'about'] : PAGES;
  }

  /** Whether messages of calls may be looked at. */
  get traces(): boolean {
    return this.user.role !== 'agent';
  }

  get administers(): boolean {
    return this.user.role === 'administrator';
  }

  dispose(): void {
    this.#scope.dispose();
  }
}

async function signedIn(api: Api): Promise<boolean | 'unknown'> {
  try {
    await api.me();
    return true;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return error.status === 401 ? false : 'unknown';
  }
}
