import type { Clock } from './clock';
import { Collection } from './collection';
import { Connection, type ConnectionState, type OpenSocket, type Surroundings } from './connection';
import type { Call, Changes, Device, Hello, Position, ServerMessage, Snapshot, Topic } from './messages';
import { Observable, type Readable } from './observable';
import { parseServerMessage } from './parse';

const WATCH: Topic[] = ['devices', 'calls'];

export interface FeedParams {
  clock: Clock;
  open: OpenSocket;
  surroundings: Surroundings;
  signedIn(): Promise<boolean | 'unknown'>;
}

/**
 * Devices and calls as the gateway sees them now.
 *
 *   socket ── Connection ──► Feed ──► devices: Collection
 *             (reconnect)    (number)  calls:   Collection
 *
 * The number of each message is one more than that of the one before. What is not the next is either a repetition, which
 * is passed over, or a gap, for which a snapshot is asked; until it is there nothing else is believed.
 */
export class Feed {
  readonly devices = new Collection<Device>((device) => device.dn);
  readonly calls = new Collection<Call>((call) => call.call_id);
  readonly #connection: Connection;
  readonly #clock: Clock;
  readonly #heardAt = new Observable<number | null>(null);
  #position: Position | null = null;
  #synchronised = false;

  constructor(params: FeedParams) {
    this.#clock = params.clock;
    this.#connection = new Connection({
      ...params,
      handlers: {
        opened: () => this.#hello(this.#position),
        message: (line) => this.#receive(line),
        probe: () => this.#hello(this.#position),
      },
    });
  }

  get state(): Readable<ConnectionState> {
    return this.#connection.state;
  }

  /** When the server was last heard; null before the first snapshot. */
  get heardAt(): Readable<number | null> {
    return this.#heardAt;
  }

  start(): void {
    this.#connection.start();
  }

  stop(): void {
    this.#connection.stop();
  }

  tryNow(): void {
    this.#connection.tryNow();
  }

  dispose(): void {
    this.#connection.dispose();
  }

  #hello(resume: Position | null): void {
    if (resume === null) this.#connection.unconfirm();
    if (this.state.value.kind !== 'connected') this.#synchronised = false;
    const hello: Hello = { hello: { resume, watch: WATCH } };
    this.#connection.send(hello);
  }

  #receive(line: string): void {
    const message = parseServerMessage(line);
    if (message === null) {
      this.#position = null; // we do not know what we missed
      this.#connection.drop();
      return;
    }
    this.#heardAt.set(this.#clock.now());
    this.#handle(message);
  }

  #handle(message: ServerMessage): void {
    switch (message.kind) {
      case 'snapshot':
        this.#snapshot(message.body);
        break;
      case 'resumed':
        this.#resumed(message.body);
        break;
      case 'changes':
        if (this.#synchronised) this.#changes(message.body);
        break;
      case 'bye':
        if (message.reason === 'logged_out') this.#connection.signOut();
        else this.#connection.drop();
    }
  }

  #snapshot(snapshot: Snapshot): void {
    this.#position = { epoch: snapshot.epoch, number: snapshot.number };
    this.#synchronised = true;
    this.devices.replace(snapshot.devices);
    this.calls.replace(snapshot.calls);
    this.#connection.confirm();
  }

  /** Our own number stays: whatever was missed follows as changes from there on. */
  #resumed(position: Position): void {
    if (this.#position === null || position.epoch !== this.#position.epoch) {
      this.#hello(null);
      return;
    }
    this.#synchronised = true;
    this.#connection.confirm();
  }

  #changes(changes: Changes): void {
    const { epoch, number } = this.#position as Position;
    const ahead = BigInt(changes.number) - BigInt(number);
    if (ahead <= 0n) return;
    if (ahead > 1n) {
      this.#hello(null);
      return;
    }
    this.#position = { epoch, number: changes.number };
    this.devices.apply(changes.devices, changes.devices_gone);
    this.calls.apply(changes.calls, changes.calls_gone);
  }
}
