import type { Clock } from '../model/clock';
import type { OpenSocket, Socket, SocketHandlers, Surroundings } from '../model/connection';
import type { Call, Device, Hello } from '../model/messages';
import { Signal } from '../model/observable';
import type { Dispose } from '../model/scope';

/** A clock that stands still until told. Timers due at the same time run in the order in which they were set. */
export class FakeClock implements Clock {
  chance = 0.5;
  #now = 1_800_000_000_000;
  #sequence = 0;
  #timers = new Map<number, { due: number; handler: () => void }>();

  get pending(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#now;
  }

  random(): number {
    return this.chance;
  }

  after(delay: number, handler: () => void): Dispose {
    const id = ++this.#sequence;
    this.#timers.set(id, { due: this.#now + delay, handler });
    return () => this.#timers.delete(id);
  }

  advance(by: number): void {
    const end = this.#now + by;
    for (;;) {
      const next = [...this.#timers].filter(([, timer]) => timer.due <= end).sort(([a, x], [b, y]) => x.due - y.due || a - b)[0];
      if (!next) break;
      this.#timers.delete(next[0]);
      this.#now = next[1].due;
      next[1].handler();
    }
    this.#now = end;
  }
}

export class FakeSocket implements Socket {
  readonly sent: unknown[] = [];
  closedWith: number | null = null;

  constructor(readonly handlers: SocketHandlers) {}

  send(line: string): void {
    this.sent.push(JSON.parse(line));
  }

  close(code = 1000): void {
    this.closedWith = code;
  }

  get hellos(): Hello['hello'][] {
    return this.sent.map((message) => (message as Hello).hello);
  }

  says(message: unknown): void {
    this.handlers.message(typeof message === 'string' ? message : JSON.stringify(message));
  }
}

/** The other end: remembers every socket that was opened. */
export class FakeServer {
  readonly sockets: FakeSocket[] = [];
  readonly open: OpenSocket = (handlers) => {
    const socket = new FakeSocket(handlers);
    this.sockets.push(socket);
    return socket;
  };

  get socket(): FakeSocket {
    const last = this.sockets[this.sockets.length - 1];
    if (!last) throw new Error('no socket was opened');
    return last;
  }

  get openSockets(): number {
    return this.sockets.filter((socket) => socket.closedWith === null).length;
  }
}

export class FakeSurroundings implements Surroundings {
  readonly events = new Signal<'online' | 'offline' | 'woken'>();
  #online = true;

  online(): boolean {
    return this.#online;
  }

  subscribe(handler: (event: 'online' | 'offline' | 'woken') => void): Dispose {
    return this.events.subscribe(handler);
  }

  set(online: boolean): void {
    this.#online = online;
    this.events.emit(online ? 'online' : 'offline');
  }
}

export function device(dn: string, more: Partial<Device> = {}): Device {
  return { dn, name: `Desk ${dn}`, state: 'idle', registered: true, contacts: [], call_ids: [], since: '1800000000000000', ...more };
}

export function call(id: string, from: string, to: string, more: Partial<Call> = {}): Call {
  return {
    call_id: id,
    state: 'established',
    from,
    to,
    started_at: '1800000000000000',
    answered_at: null,
    node: 'node-1',
    location: 'home',
    ...more,
  };
}

/** Lets promises that are already settled run their handlers. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 8; turn += 1) await Promise.resolve();
}
