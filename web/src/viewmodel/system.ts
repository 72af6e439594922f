import { ApiError, type Api } from '../model/api';
import type { Clock } from '../model/clock';
import type { Alarm, EnrolmentCode, Member } from '../model/config-messages';
import type { Status } from '../model/messages';
import { Observable } from '../model/observable';
import type { Dispose } from '../model/scope';
import { Asking } from './asking';

/** How often health and alarms are asked for while the page is open. */
export const SYSTEM_MS = 2000;

/** Health, alarms and members. */
export class SystemViewModel {
  readonly status = new Observable<Status | null>(null);
  readonly alarms = new Observable<readonly Alarm[]>([]);
  readonly members = new Observable<readonly Member[]>([]);
  readonly failed = new Observable<ApiError | null>(null);
  readonly acting = new Asking();
  readonly code = new Observable<EnrolmentCode | null>(null);
  readonly #api: Api;
  readonly #clock: Clock;
  #timer: Dispose | null = null;
  #open = false;

  constructor(api: Api, clock: Clock) {
    this.#api = api;
    this.#clock = clock;
  }

  open(): void {
    this.#open = true;
    void this.#read();
  }

  close(): void {
    this.#open = false;
    this.#timer?.();
    this.#timer = null;
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
    if ((await this.acting.ask(what)) !== null) await this.#read();
  }

  async #read(): Promise<void> {
    try {
      const [status, alarms, members] = await Promise.all([this.#api.status(), this.#api.alarms(), this.#api.members()]);
      this.status.set(status);
      this.alarms.set(alarms);
      this.members.set(members);
      this.failed.set(null);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.failed.set(error);
    }
    if (this.#open && this.#timer === null) this.#timer = this.#clock.after(SYSTEM_MS, () => this.#again());
  }

  #again(): void {
    this.#timer = null;
    void this.#read();
  }
}
