import type { Api } from '../model/api';
import type { Clock } from '../model/clock';
import type { Alarm, EnrolmentCode, Member } from '../model/config-messages';
import type { Status } from '../model/messages';
import { Observable } from '../model/observable';
import { Asking } from './asking';
import { Polling } from './polling';

/** How often health and alarms are asked for while the page is open. */
export const SYSTEM_MS = 2000;

/** Health, alarms and members. */
export class SystemViewModel {
  readonly status = new Observable<Status | null>(null);
  readonly alarms = new Observable<readonly Alarm[]>([]);
  readonly members = new Observable<readonly Member[]>([]);
  readonly acting = new Asking();
  readonly code = new Observable<EnrolmentCode | null>(null);
  readonly #api: Api;
  readonly #polling: Polling;
  readonly failed;

  constructor(api: Api, clock: Clock) {
    this.#api = api;
    this.#polling = new Polling(clock, SYSTEM_MS, () => this.#read());
    this.failed = this.#polling.failed;
  }

  open(): void {
    this.#polling.open();
  }

  close(): void {
    this.#polling.close();
    this.code.set(null);
  }

  acknowledge(alarm: Alarm): Promise<void> {
    return this.#act(() => this.#api.acknowledge(alarm.id));
  }

  trust(member: Member): Promise<void> {
    return this.#act(() => this.#api.trust(member));
  }

  revoke(member: Member): Promise<void> {
    return this.#act(() => this.#api.revoke(member.name));
  }

  /** For the machine that will join by this name. */
  makeCode(member: string): Promise<void> {
    return this.#act(async () => this.code.set(await this.#api.code(member)));
  }

  dispose(): void {
    this.close();
    this.acting.forget();
  }

  async #act(what: () => Promise<void>): Promise<void> {
    if ((await this.acting.ask(what)) !== null) await this.#polling.now();
  }

  async #read(): Promise<void> {
    const [status, alarms, members] = await Promise.all([this.#api.status(), this.#api.alarms(), this.#api.members()]);
    this.status.set(status);
    this.alarms.set(alarms);
    this.members.set(members);
  }
}
