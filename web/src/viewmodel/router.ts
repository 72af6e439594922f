import { Observable, type Readable } from '../model/observable';
import { Scope, type Dispose } from '../model/scope';

export const PAGES = ['live', 'history', 'about'] as const;
export type Page = (typeof PAGES)[number];

export interface Route {
  page: Page;
  dn: string;
}

/** The part of the address after '#'. It survives a reload and a log-in. */
export interface AddressBar {
  read(): string;
  push(hash: string): void;
  replace(hash: string): void;
  subscribe(handler: () => void): Dispose;
}

export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#?\/?/, '').split('?');
  const page = PAGES.find((name) => name === path) ?? 'live';
  return { page, dn: page === 'history' ? (new URLSearchParams(query).get('dn') ?? '') : '' };
}

export function formatRoute({ page, dn }: Route): string {
  return dn === '' ? `#/${page}` : `#/${page}?${new URLSearchParams({ dn })}`;
}

export class Router {
  readonly #bar: AddressBar;
  readonly #scope = new Scope();
  readonly #route: Observable<Route>;

  constructor(bar: AddressBar) {
    this.#bar = bar;
    this.#route = new Observable(parseRoute(bar.read()));
    this.#scope.own(bar.subscribe(() => this.#route.set(parseRoute(bar.read()))));
  }

  get route(): Readable<Route> {
    return this.#route;
  }

  /** `keep`: the place in the browser's history is replaced, not added to. */
  go(route: Route, keep = false): void {
    if (keep) this.#bar.replace(formatRoute(route));
    else this.#bar.push(formatRoute(route));
    this.#route.set(route);
  }

  dispose(): void {
    this.#scope.dispose();
  }
}
