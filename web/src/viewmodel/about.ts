import { ApiError, type Api } from '../model/api';
import type { Status } from '../model/messages';
import { Observable } from '../model/observable';

export class AboutViewModel {
  readonly status = new Observable<Status | null>(null);
  readonly failed = new Observable(false);
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  async load(): Promise<void> {
    try {
      this.status.set(await this.#api.status());
      this.failed.set(false);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.failed.set(true);
    }
  }
}

/** Where phones register, as HOST:PORT; `host` stands for a server that listens at all its addresses. */
export function sipServer(status: Status | null, host: string): string | null {
  for (const { listen } of status?.instances ?? []) {
    const address = listen?.[0]?.replace(/^[a-z]+:/, '');
    if (address !== undefined) return address.replace(/^(0\.0\.0\.0|\[::\])(?=:)/, host);
  }
  return null;
}
