import { Observable } from '../model/observable';

export const THEMES = ['auto', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

export interface Store {
  get(name: string): string | null;
  set(name: string, value: string): void;
}

/** What somebody chose for this browser. */
export class Preferences {
  readonly theme: Observable<Theme>;
  readonly language: Observable<string>;
  readonly #store: Store;

  constructor(store: Store, languages: readonly string[], wanted: readonly string[]) {
    this.#store = store;
    this.theme = new Observable(THEMES.find((theme) => theme === store.get('theme')) ?? 'auto');
    const asked = [store.get('language') ?? '', ...wanted].map((tag) => tag.split('-')[0]);
    this.language = new Observable(asked.find((tag) => tag !== undefined && languages.includes(tag)) ?? 'en');
  }

  setTheme(theme: Theme): void {
    this.theme.set(theme);
    this.#store.set('theme', theme);
  }

  setLanguage(language: string): void {
    this.language.set(language);
    this.#store.set('language', language);
  }
}
