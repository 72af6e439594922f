import { ApiError, type Api, type HistoryQuery, type ObjectQuery, type RegistrationQuery, type TraceQuery, type TransactionQuery } from '../model/api';
import type {
  Alarm,
  Bans,
  Change,
  ConfigObject,
  EnrolmentCode,
  Kind,
  Member,
  ObjectName,
  ObjectPage,
  Transaction,
  TransactionPage,
  Trunk,
} from '../model/config-messages';
import type { HistoryPage, PastCall, Registration, RegistrationPage, Status, User } from '../model/messages';
import type { TraceAnswers, TraceDialogs, TraceMessages } from '../model/trace-messages';
import { Signal } from '../model/observable';

export const SUPERVISOR: User = { user: 'supervisor', name: 'Supervisor', role: 'supervisor' };

export function pastCall(id: string, more: Partial<PastCall> = {}): PastCall {
  return {
    call_id: id,
    started_at: '1800000000000000',
    answered_at: null,
    ended_at: '1800000010000000',
    from: '1001',
    to: '1002',
    result: 'answered',
    cause: 'normal',
    node: 'node-1',
    location: 'home',
    ...more,
  };
}

/** Answers when the test says so: each question waits in `asked`. */
export class FakeApi implements Api {
  readonly signedOut = new Signal<void>();
  readonly asked: { name: string; query: unknown; yes(value: unknown): void; no(status: number, sentence?: string, path?: string): void }[] = [];

  login(user: string, password: string): Promise<User> {
    return this.#ask('login', { user, password });
  }

  logout(): Promise<void> {
    return this.#ask('logout');
  }

  me(): Promise<User> {
    return this.#ask('me');
  }

  history(query: HistoryQuery): Promise<HistoryPage> {
    return this.#ask('history', query);
  }

  registrations(query: RegistrationQuery): Promise<RegistrationPage> {
    return this.#ask('registrations', query);
  }

  unregister(registration: Registration): Promise<void> {
    return this.#ask('unregister', registration);
  }

  traceDialogs(call: string): Promise<TraceAnswers<TraceDialogs>> {
    return this.#ask('traceDialogs', call);
  }

  traceMessages(query: TraceQuery): Promise<TraceAnswers<TraceMessages>> {
    return this.#ask('traceMessages', query);
  }

  status(): Promise<Status> {
    return this.#ask('status');
  }

  kinds(): Promise<Kind[]> {
    return this.#ask('kinds');
  }

  objects(query: ObjectQuery): Promise<ObjectPage> {
    return this.#ask('objects', query);
  }

  object(of: ObjectName): Promise<ConfigObject> {
    return this.#ask('object', of);
  }

  users(of: ObjectName): Promise<ObjectName[]> {
    return this.#ask('users', of);
  }

  change(changes: Change[], comment: string): Promise<Transaction> {
    return this.#ask('change', { changes, comment });
  }

  transactions(query: TransactionQuery): Promise<TransactionPage> {
    return this.#ask('transactions', query);
  }

  undo(number: number): Promise<Transaction> {
    return this.#ask('undo', number);
  }

  members(): Promise<Member[]> {
    return this.#ask('members');
  }

  trust(member: Member): Promise<void> {
    return this.#ask('trust', member);
  }

  revoke(member: string): Promise<void> {
    return this.#ask('revoke', member);
  }

  code(member: string): Promise<EnrolmentCode> {
    return this.#ask('code', member);
  }

  trunks(): Promise<Trunk[]> {
    return this.#ask('trunks');
  }

  bans(): Promise<Bans> {
    return this.#ask('bans');
  }

  lift(network: string): Promise<void> {
    return this.#ask('lift', network);
  }

  alarms(): Promise<Alarm[]> {
    return this.#ask('alarms');
  }

  acknowledge(alarm: number): Promise<void> {
    return this.#ask('acknowledge', alarm);
  }

  /** The latest question of this name. */
  last(name: string) {
    const question = this.asked.filter((asked) => asked.name === name).pop();
    if (!question) throw new Error(`nobody asked for ${name}`);
    return question;
  }

  #ask<T>(name: string, query: unknown = null): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.asked.push({
        name,
        query,
        yes: (value) => resolve(value as T),
        no: (status, sentence = '', path = '') => reject(new ApiError(status, '', sentence, path)),
      });
    });
  }
}
