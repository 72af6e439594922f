import { en } from './en';

export interface Plural {
  zero?: string;
  one?: string;
  two?: string;
  few?: string;
  many?: string;
  other: string;
}

export type Catalogue = { [K in keyof typeof en]: (typeof en)[K] extends string ? string : Plural };
export type TextKey = keyof Catalogue;
export type Values = Record<string, string | number>;

export const LANGUAGES = ['en', 'de'] as const;
export type Language = (typeof LANGUAGES)[number];

const SECONDS_PER_DAY = 86400;

/** Words, numbers and times in one language. Immutable: another language is another object. */
export class Text {
  readonly direction: 'ltr' | 'rtl';
  readonly #catalogue: Catalogue;
  readonly #plural: Intl.PluralRules;
  readonly #number: Intl.NumberFormat;
  readonly #clock: Intl.DateTimeFormat;
  readonly #exact: Intl.DateTimeFormat;
  readonly #date: Intl.DateTimeFormat;
  readonly #day: Intl.DateTimeFormat;
  readonly #two: Intl.NumberFormat;

  /** `locale` may name a region (de-AT) where `language` names the catalogue. */
  constructor(
    readonly language: string,
    catalogue: Catalogue,
    locale = language,
  ) {
    this.direction = ['ar', 'fa', 'he', 'ur'].includes(language) ? 'rtl' : 'ltr';
    this.#catalogue = catalogue;
    this.#plural = new Intl.PluralRules(locale);
    this.#number = new Intl.NumberFormat(locale);
    this.#two = new Intl.NumberFormat(locale, { minimumIntegerDigits: 2, useGrouping: false });
    this.#clock = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
    this.#exact = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3, hourCycle: 'h23' });
    this.#date = new Intl.DateTimeFormat(locale, { year: 'numeric', month: 'short', day: '2-digit' });
    this.#day = new Intl.DateTimeFormat(locale, { month: 'short', day: '2-digit' });
  }

  /** The words for `key`; `{name}` in them is replaced by the value, `count` chooses the plural. */
  say(key: TextKey, values: Values = {}): string {
    const entry = this.#catalogue[key];
    const words = typeof entry === 'string' ? entry : (entry[this.#plural.select(Number(values['count']))] ?? entry.other);
    return words.replace(/\{(\w+)\}/g, (all, name: string) => {
      const value = values[name];
      return value === undefined ? all : typeof value === 'number' ? this.number(value) : value;
    });
  }

  /** The words for a word of the server that a later version may have added. */
  sayOr(prefix: 'role' | 'result' | 'state' | 'call' | 'health' | 'cause' | 'action' | 'severity' | 'member' | 'trunk' | 'ban', word: string): string {
    const key = `${prefix}.${word}`;
    return key in this.#catalogue ? this.say(key as TextKey) : word;
  }

  number(value: number): string {
    return this.#number.format(value);
  }

  time(at: number): string {
    return this.#clock.format(at);
  }

  /** To the millisecond. */
  exactTime(at: number): string {
    return this.#exact.format(at);
  }

  /** The year only when it is not that of `now`. */
  date(at: number, now: number): string {
    const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear();
    return (sameYear ? this.#day : this.#date).format(at);
  }

  /** 0:07, 12:34, 1:02:03, 2 d 03:04:05. Less than nothing (clocks differ) is nothing. */
  duration(span: number): string {
    const seconds = Math.max(0, Math.floor(span / 1000));
    const two = (value: number): string => this.#two.format(value);
    const plain = (value: number): string => this.#number.format(value);
    const days = Math.floor(seconds / SECONDS_PER_DAY);
    const hours = Math.floor((seconds % SECONDS_PER_DAY) / 3600);
    const minutes = Math.floor((seconds % 3600) / 60);
    const tail = two(seconds % 60);
    if (days > 0) return this.say('duration.days', { days, time: `${two(hours)}:${two(minutes)}:${tail}` });
    if (hours > 0) return `${plain(hours)}:${two(minutes)}:${tail}`;
    return `${plain(minutes)}:${tail}`;
  }
}

/** English is always there; the others are fetched when they are chosen. */
const LOADERS: Record<Language, () => Promise<Catalogue>> = {
  en: () => Promise.resolve(en),
  de: async () => (await import('./de')).de,
};

export async function loadText(language: string, wanted: readonly string[] = []): Promise<Text> {
  const known = LANGUAGES.find((name) => name === language) ?? 'en';
  const locale = wanted.find((tag) => tag.split('-')[0] === known) ?? known;
  return new Text(known, await LOADERS[known](), locale);
}
