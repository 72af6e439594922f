import type { Clock } from './clock';
import { Observable, type Readable } from './observable';
import { Scope, type Dispose } from './scope';

export interface Socket {
  send(line: string): void;
  close(code?: number): void;
}

export interface SocketHandlers {
  open(): void;
  message(line: string): void;
  closed(code: number): void;
}

/** Opens a socket; its handlers are never called before this returns. */
export type OpenSocket = (handlers: SocketHandlers) => Socket;

/** What the machine we run on tells about its network. `woken`: the page is seen again, timers may have slept. */
export interface Surroundings {
  online(): boolean;
  subscribe(handler: (event: 'online' | 'offline' | 'woken') => void): Dispose;
}

export type ConnectionState =
  | { kind: 'stopped' }
  | { kind: 'offline' }
  | { kind: 'connecting'; attempt: number }
  | { kind: 'connected' }
  | { kind: 'waiting'; attempt: number; until: number }
  | { kind: 'signed_out' };

type Kind = ConnectionState['kind'];

/** Which state may follow which. Everything else is ignored: a late event of a socket that is no longer ours. */
const PERMITTED: Record<Kind, readonly Kind[]> = {
  stopped: ['connecting', 'offline'],
  offline: ['connecting', 'stopped'],
  connecting: ['connected', 'waiting', 'offline', 'signed_out', 'stopped'],
  connected: ['connecting', 'waiting', 'offline', 'signed_out', 'stopped'],
  waiting: ['connecting', 'offline', 'signed_out', 'stopped'],
  signed_out: ['connecting', 'stopped'],
};

export const BACKOFF_FLOOR_MS = 250;
export const BACKOFF_CEILING_MS = 5000;
/** From the start of an attempt until the server has answered the hello. */
export const HANDSHAKE_MS = 8000;
/** Silence after which we ask whether the other end is still there, and how long it may take to answer. */
export const SILENCE_MS = 15000;
export const PROBE_MS = 5000;
/** A connection that did not last this long does not count as a success: the back-off goes on growing. */
export const STABLE_MS = 5000;
/** Close code of the gateway: log in again. */
export const CLOSE_LOG_IN = 4401;

/** Grows to the ceiling, always with chance in it, so that a thousand desktops do not come back in one moment. */
export function backoff(attempt: number, random: number): number {
  const limit = Math.min(BACKOFF_CEILING_MS, BACKOFF_FLOOR_MS * 2 ** Math.min(attempt, 16));
  return Math.round(BACKOFF_FLOOR_MS + random * (limit - BACKOFF_FLOOR_MS));
}

export interface ConnectionHandlers {
  /** The socket is open: say hello. */
  opened(): void;
  message(line: string): void;
  /** Nothing was heard for a while: send something that the server answers. */
  probe(): void;
}

export interface ConnectionParams {
  clock: Clock;
  open: OpenSocket;
  surroundings: Surroundings;
  handlers: ConnectionHandlers;
  /** Asked when a socket is refused before it opened: a browser hides the status of a failed upgrade. */
  signedIn(): Promise<boolean | 'unknown'>;
}

/** One socket after another to the gateway, for as long as it is started. It knows nothing of what is said over it. */
export class Connection {
  readonly #params: ConnectionParams;
  readonly #state = new Observable<ConnectionState>({ kind: 'stopped' });
  readonly #scope = new Scope();
  #socket: Socket | null = null;
  #generation = 0;
  #attempt = 0;
  #confirmedAt: number | null = null;
  #timer: Dispose | null = null;

  constructor(params: ConnectionParams) {
    this.#params = params;
    this.#scope.own(params.surroundings.subscribe((event) => this.#surroundings(event)));
    this.#scope.own(() => this.stop());
  }

  get state(): Readable<ConnectionState> {
    return this.#state;
  }

  start(): void {
    const { kind } = this.#state.value;
    if (kind !== 'stopped' && kind !== 'signed_out') return;
    this.#attempt = 0;
    this.#connect();
  }

  stop(): void {
    this.#abandon(1000);
    this.#go({ kind: 'stopped' });
  }

  /** "Try now": does not wait for the back-off. */
  tryNow(): void {
    const { kind } = this.#state.value;
    if (kind === 'waiting' || kind === 'offline') this.#connect();
  }

  /** The server has answered the hello: what we show is current. */
  confirm(): void {
    if (this.#socket && this.#go({ kind: 'connected' })) this.#confirmedAt = this.#params.clock.now();
    if (this.#state.value.kind === 'connected') this.#awaitSilence();
  }

  /** What we show is no longer whole and an answer is awaited: from now on as in a handshake. */
  unconfirm(): void {
    if (this.#state.value.kind !== 'connected') return;
    this.#go({ kind: 'connecting', attempt: this.#attempt });
    this.#arm(HANDSHAKE_MS, () => this.drop());
  }

  send(value: unknown): void {
    this.#socket?.send(JSON.stringify(value));
  }

  /** Gives this socket up; the next attempt follows after the back-off. */
  drop(): void {
    if (!this.#socket) return;
    this.#abandon(1000);
    this.#wait();
  }

  signOut(): void {
    this.#abandon(1000);
    this.#go({ kind: 'signed_out' });
  }

  dispose(): void {
    this.#scope.dispose();
  }

  #go(next: ConnectionState): boolean {
    if (!PERMITTED[this.#state.value.kind].includes(next.kind)) return false;
    this.#state.set(next);
    return true;
  }

  #arm(delay: number, handler: () => void): void {
    this.#timer?.();
    this.#timer = this.#params.clock.after(delay, () => {
      this.#timer = null;
      handler();
    });
  }

  #abandon(code: number): void {
    this.#generation += 1;
    this.#timer?.();
    this.#timer = null;
    this.#socket?.close(code);
    this.#socket = null;
  }

  #connect(): void {
    this.#abandon(1000);
    if (!this.#params.surroundings.online()) {
      this.#go({ kind: 'offline' });
      return;
    }
    if (!this.#go({ kind: 'connecting', attempt: this.#attempt })) return;
    const generation = this.#generation;
    const ours = (): boolean => generation === this.#generation;
    let opened = false;
    this.#arm(HANDSHAKE_MS, () => this.drop());
    this.#socket = this.#params.open({
      open: () => {
        if (!ours()) return;
        opened = true;
        this.#params.handlers.opened();
      },
      message: (line) => {
        if (!ours()) return;
        if (this.#state.value.kind === 'connected') this.#awaitSilence();
        this.#params.handlers.message(line);
      },
      closed: (code) => {
        if (ours()) this.#closed(code, opened);
      },
    });
  }

  #closed(code: number, opened: boolean): void {
    if (code === CLOSE_LOG_IN) {
      this.signOut();
      return;
    }
    this.#abandon(1000);
    this.#wait();
    if (!opened) void this.#askSignedIn();
  }

  async #askSignedIn(): Promise<void> {
    const generation = this.#generation;
    const answer = await this.#params.signedIn();
    if (answer === false && generation === this.#generation && !this.#scope.disposed) this.signOut();
  }

  #wait(): void {
    const { clock, surroundings } = this.#params;
    if (this.#confirmedAt !== null && clock.now() - this.#confirmedAt >= STABLE_MS) this.#attempt = 0;
    this.#confirmedAt = null;
    this.#attempt += 1;
    if (!surroundings.online()) {
      this.#go({ kind: 'offline' });
      return;
    }
    const delay = backoff(this.#attempt, clock.random());
    if (!this.#go({ kind: 'waiting', attempt: this.#attempt, until: clock.now() + delay })) return;
    this.#arm(delay, () => this.#connect());
  }

  #awaitSilence(): void {
    this.#arm(SILENCE_MS, () => this.#probe());
  }

  #probe(): void {
    this.#arm(PROBE_MS, () => this.drop());
    this.#params.handlers.probe();
  }

  #surroundings(event: 'online' | 'offline' | 'woken'): void {
    const { kind } = this.#state.value;
    if (event === 'offline') {
      if (kind === 'stopped' || kind === 'signed_out') return;
      this.#abandon(1000);
      this.#go({ kind: 'offline' });
    } else if (event === 'woken' && kind === 'connected') {
      this.#probe();
    } else {
      this.tryNow();
    }
  }
}
