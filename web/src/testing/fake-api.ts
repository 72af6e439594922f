import { ApiError, type Api, type HistoryQuery } from '../model/api';
import type { HistoryPage, PastCall, Status, User } from '../model/messages';
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
  readonly asked: { name: string; query: unknown; yes(value: unknown): void; no(status: number, sentence?: string): void }[] = [];

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

  status(): Promise<Status> {
    return this.#ask('status');
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
        no: (status, sentence = '') => reject(new ApiError(status, '', sentence)),
      });
    });
  }
}
