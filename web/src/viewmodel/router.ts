import { Observable, type Readable } from '../model/observable';
import { Scope, type Dispose } from '../model/scope';

export const PAGES = ['live', 'history', 'registrations', 'trunks', 'config', 'system', 'about'] as const;
/** `trace` is reached from a call, not from the navigation. */
export type Page = (typeof PAGES)[number] | 'trace';

export interface Route {
  page: Page;
  /** History: of this number only. */
  dn: string;
  /** Configuration: what is open, as KIND or KIND/NAME, each part escaped. Trace: the id of the call. */
  of?: string;
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
  const [first = '', ...rest] = path.split('/');
  if (first === 'trace') return { page: 'trace', dn: '', of: unescapePart(rest.join('/')) };
  const page = PAGES.find((name) => name === first) ?? 'live';
  const dn = page === 'history' ? (new URLSearchParams(query).get('dn') ?? '') : '';
  return page === 'config' ? { page, dn, of: rest.join('/') } : { page, dn };
}

export function formatRoute({ page, dn, of = '' }: Route): string {
  if (page === 'config' && of !== '') return `#/config/${of}`;
  if (page === 'trace') return `#/trace/${encodeURIComponent(of)}`;
  return dn === '' ? `#/${page}` : `#/${page}?${new URLSearchParams({ dn })}`;
}

/** A part that cannot be unescaped is taken as it stands: somebody typed it. */
function unescapePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Route.of in its parts; an empty name: the kind as a whole. */
export function parseOf(of: string): { kind: string; name: string } {
  const [kind = '', ...name] = of.split('/');
  return { kind: unescapePart(kind), name: unescapePart(name.join('/')) };
}

export function formatOf(kind: string, name = ''): string {
  return name === '' ? encodeURIComponent(kind) : `${encodeURIComponent(kind)}/${encodeURIComponent(name)}`;
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
