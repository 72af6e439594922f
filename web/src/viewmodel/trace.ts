import type { Api } from '../model/api';
import { Observable } from '../model/observable';
import type { TraceMessages } from '../model/trace-messages';
import { Asking } from './asking';
import { makeLadder, type Ladder } from './ladder';

/** Pages of one proxy that are read one after the other. */
export const PAGES_MOST = 20;

/** The SIP messages of one call, as all proxies saw them. */
export class TraceViewModel {
  /** null: not read yet. */
  readonly ladder = new Observable<Ladder | null>(null);
  /** Proxies that did not answer. */
  readonly silent = new Observable(0);
  /** The message that is shown whole: Rung.key, or ''. */
  readonly chosen = new Observable('');
  readonly asking = new Asking();
  readonly #api: Api;
  #call = '';

  constructor(api: Api) {
    this.#api = api;
  }

  open(call: string): void {
    this.#call = call;
    this.ladder.set(null);
    this.chosen.set('');
    void this.reload();
  }

  close(): void {
    this.asking.forget();
    this.ladder.set(null);
  }

  choose(key: string): void {
    this.chosen.set(this.chosen.value === key ? '' : key);
  }

  async reload(): Promise<void> {
    const read = await this.asking.ask(() => this.#read(this.#call));
    if (read !== null) this.ladder.set(makeLadder(read.answer));
  }

  async #read(call: string): Promise<TraceMessages[]> {
    const { asked, answers } = await this.#api.traceDialogs(call);
    this.silent.set(asked - answers.length);
    const calls = [...new Set(answers.flatMap(({ dialogs }) => dialogs.map(({ sip }) => sip)))];
    if (calls.length === 0) return [];
    const pages: TraceMessages[] = [];
    let open = (await this.#api.traceMessages({ calls })).answers;
    for (let page = 0; open.length !== 0 && page < PAGES_MOST; page += 1) {
      pages.push(...open);
      const next = open.filter(({ more }) => more).map(({ proxy, last }) => this.#api.traceMessages({ calls, proxy, after: last }));
      open = (await Promise.all(next)).flatMap(({ answers: more }) => more);
    }
    return pages;
  }
}
