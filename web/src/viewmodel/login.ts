import { ApiError, type Api } from '../model/api';
import type { User } from '../model/messages';
import { Observable } from '../model/observable';

export type LoginError = 'user_missing' | 'password_missing' | 'wrong' | 'too_many' | 'unreachable' | 'other';

export class LoginViewModel {
  readonly user = new Observable('');
  readonly password = new Observable('');
  readonly busy = new Observable(false);
  readonly error = new Observable<LoginError | null>(null);
  /** The server's own words for an error that we have no better ones for. */
  readonly sentence = new Observable('');
  /** Grows with each failure, so that the view can put the focus right. */
  readonly failures = new Observable(0);
  readonly #api: Api;
  readonly #done: (user: User) => void;

  constructor(api: Api, done: (user: User) => void) {
    this.#api = api;
    this.#done = done;
  }

  async submit(): Promise<void> {
    if (this.busy.value) return;
    const user = this.user.value.trim();
    if (user === '') return this.#fail('user_missing');
    if (this.password.value === '') return this.#fail('password_missing');
    this.busy.set(true);
    this.error.set(null);
    try {
      const who = await this.#api.login(user, this.password.value);
      this.password.set('');
      this.#done(who);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.sentence.set(error.sentence);
      this.#fail(reason(error));
    } finally {
      this.busy.set(false);
    }
  }

  #fail(error: LoginError): void {
    if (error === 'wrong') this.password.set('');
    this.error.set(error);
    this.failures.set(this.failures.value + 1);
  }
}

function reason({ status }: ApiError): LoginError {
  if (status === 0) return 'unreachable';
  if (status === 401) return 'wrong';
  if (status === 429) return 'too_many';
  return 'other';
}
