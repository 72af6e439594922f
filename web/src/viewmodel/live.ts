import type { Clock } from '../model/clock';
import type { Feed } from '../model/feed';
import { CALL_STATES, DEVICE_STATES, type Call, type Device, type DeviceState } from '../model/messages';
import { Observable } from '../model/observable';
import { Scope, type Dispose } from '../model/scope';
import { milliseconds } from '../model/server-time';
import { DeviceRows, type DeviceRow } from './device-rows';
import { SortedList, byNumber, byText } from './sorted-list';

/** Changes are shown together, at most this often; WS-2 allows 200 ms from the server to the screen. */
export const REFRESH_MS = 100;

export interface Summary {
  devices: number;
  registered: number;
  calls: number;
  ringing: number;
  /** Start of the longest call in milliseconds, or null. */
  longestSince: number | null;
  states: Record<DeviceState, number>;
}

export type DeviceColumn = 'state' | 'dn' | 'name' | 'peer' | 'since' | 'contact';
export type CallColumn = 'state' | 'from' | 'to' | 'started' | 'node';

/** The place of a word in its list; words that we do not know come last. */
function ranks(words: readonly string[]): (word: string) => number {
  const places = new Map(words.map((word, place) => [word, place]));
  return (word) => places.get(word) ?? words.length;
}

const deviceRank = ranks(DEVICE_STATES);
const callRank = ranks(CALL_STATES);

const letters = new Intl.Collator();

function contactOf({ device }: DeviceRow): string {
  return device.contacts[0]?.uri ?? '';
}

/** One device with all its calls. */
export interface Detail {
  device: Device;
  calls: readonly Call[];
}

const NOTHING: Summary = {
  devices: 0,
  registered: 0,
  calls: 0,
  ringing: 0,
  longestSince: null,
  states: { ringing: 0, dialling: 0, talking: 0, held: 0, idle: 0, out_of_service: 0 },
};

export class LiveViewModel {
  readonly filter = new Observable('');
  readonly state = new Observable<DeviceState | null>(null);
  /** The device that is looked at more closely, or null. */
  readonly detail = new Observable<Detail | null>(null);
  readonly summary = new Observable<Summary>(NOTHING);
  /** Is what there is shown already? Before, there only seems to be nothing. */
  readonly filled = new Observable(false);
  readonly devices: SortedList<DeviceRow, DeviceColumn>;
  readonly calls: SortedList<Call, CallColumn>;
  readonly #feed: Feed;
  readonly #clock: Clock;
  readonly #scope = new Scope();
  readonly #deviceRows: DeviceRows;
  #needle = '';
  #selected: string | null = null;
  #timer: Dispose | null = null;

  constructor(feed: Feed, clock: Clock) {
    this.#feed = feed;
    this.#clock = clock;
    this.devices = new SortedList<DeviceRow, DeviceColumn>({
      key: (row) => row.device.dn,
      matches: (row) => this.#deviceMatches(row),
      sort: { column: 'dn', descending: false },
      compare: {
        state: (a, b) => deviceRank(a.device.state) - deviceRank(b.device.state),
        dn: (a, b) => byNumber(a.device.dn, b.device.dn),
        name: (a, b) => letters.compare(a.device.name, b.device.name),
        peer: (a, b) => Number(a.peer === null) - Number(b.peer === null) || byNumber(a.peer ?? '', b.peer ?? ''),
        since: (a, b) => Number(b.device.since) - Number(a.device.since),
        contact: (a, b) => byText(contactOf(a), contactOf(b)),
      },
    });
    this.calls = new SortedList<Call, CallColumn>({
      key: (call) => call.call_id,
      matches: (call) => this.#callMatches(call),
      sort: { column: 'started', descending: true },
      compare: {
        state: (a, b) => callRank(a.state) - callRank(b.state),
        from: (a, b) => byNumber(a.from, b.from),
        to: (a, b) => byNumber(a.to, b.to),
        started: (a, b) => Number(b.started_at) - Number(a.started_at),
        node: (a, b) => byText(a.node, b.node),
      },
    });
    this.#deviceRows = new DeviceRows(feed.devices, feed.calls, () => this.#soon());
    this.#scope.own(() => this.#deviceRows.dispose());
    this.#scope.own(() => this.#timer?.());
    this.#refresh();
  }

  setFilter(text: string): void {
    this.filter.set(text);
    this.#needle = text.trim().toLowerCase();
    this.devices.refilter();
    this.calls.refilter();
  }

  /** Shows only devices in this state; the same again shows all. */
  toggleState(state: DeviceState | null): void {
    this.state.set(state === this.state.value ? null : state);
    this.devices.refilter();
  }

  /** Looks at `dn` more closely; the same again, or null, closes it. */
  select(dn: string | null): void {
    this.#selected = dn === this.#selected ? null : dn;
    this.#look();
  }

  dispose(): void {
    this.#scope.dispose();
  }

  #deviceMatches(row: DeviceRow): boolean {
    const wanted = this.state.value;
    return (wanted === null || row.device.state === wanted) && (this.#needle === '' || row.needle.includes(this.#needle));
  }

  #callMatches(call: Call): boolean {
    return this.#needle === '' || `${call.from}\n${call.to}\n${call.node}`.toLowerCase().includes(this.#needle);
  }

  #soon(): void {
    this.#timer ??= this.#clock.after(REFRESH_MS, () => {
      this.#timer = null;
      this.#refresh();
    });
  }

  #refresh(): void {
    this.devices.refresh(this.#deviceRows.rows);
    this.calls.refresh(this.#feed.calls.items);
    this.summary.set(this.#count());
    this.filled.set(this.#feed.heardAt.value !== null);
    this.#look();
  }

  /** A device that is gone closes its detail. */
  #look(): void {
    const { devices, calls } = this.#feed;
    const device = this.#selected === null ? undefined : devices.items.get(this.#selected);
    if (!device) {
      this.#selected = null;
      this.detail.set(null);
      return;
    }
    const own = device.call_ids.flatMap((id) => calls.items.get(id) ?? []);
    const before = this.detail.value;
    const same = before?.device === device && before.calls.length === own.length && before.calls.every((call, at) => call === own[at]);
    if (!same) this.detail.set({ device, calls: own });
  }

  #count(): Summary {
    const states = { ...NOTHING.states };
    let registered = 0;
    for (const { state, registered: here } of this.#feed.devices.items.values()) {
      if (state in states) states[state] += 1;
      if (here) registered += 1;
    }
    let ringing = 0;
    let longestSince: number | null = null;
    for (const call of this.#feed.calls.items.values()) {
      if (call.state === 'ringing') ringing += 1;
      const since = milliseconds(call.started_at);
      if (longestSince === null || since < longestSince) longestSince = since;
    }
    const { size: devices } = this.#feed.devices.items;
    return { devices, registered, calls: this.#feed.calls.items.size, ringing, longestSince, states };
  }
}
