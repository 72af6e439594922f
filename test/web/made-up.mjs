// A small contact centre that does not exist: devices that ring and talk, calls that come and go, a history that grows.
const NAMES = ['Reception', 'Sales', 'Support', 'Billing', 'Orders', 'Returns', 'Claims', 'Night desk', 'Back office', 'Training'];
const RESULTS = ['answered', 'answered', 'answered', 'answered', 'abandoned', 'busy', 'no_answer', 'rejected', 'failed', 'lost'];
const CAUSES = { answered: 'normal', abandoned: 'normal', busy: 'busy', no_answer: 'timeout', rejected: 'declined', failed: 'no_route', lost: 'media_lost' };

export const micros = (ms) => String(BigInt(Math.round(ms)) * 1000n);

const pick = (list) => list[Math.floor(Math.random() * list.length)];

export class MadeUp {
  constructor({ devices: count, empty }) {
    this.epoch = String(Date.now());
    this.number = 1n;
    this.devices = new Map();
    this.calls = new Map();
    this.history = [];
    this.past = [];
    this.listeners = new Set();
    this.sequence = 0;
    if (empty) return;
    for (let index = 0; index < count; index += 1) this.addDevice(index);
    for (let index = 0; index < 400; index += 1) this.history.push(this.oldCall(index));
    for (let index = 0; index < Math.min(count / 8, 400); index += 1) this.startCall(true);
    this.changed = { devices: new Set(), calls: new Set(), calls_gone: new Set() };
  }

  addDevice(index) {
    const dn = String(1001 + index);
    const registered = Math.random() < 0.88;
    const transport = pick(['udp', 'udp', 'tcp', 'tls']);
    const contact = (port) => ({
      uri: `sip:${dn}@127.0.0.${1 + (index % 200)}:${port}`,
      transport,
      proxy: `proxy-${1 + (index % 2)}`,
      expires_at: micros(Date.now() + 3600000),
    });
    const contacts = !registered ? [] : index % 17 === 3 ? [contact(5062), contact(40122)] : [contact(5060 + (index % 7))];
    this.devices.set(dn, {
      dn,
      name: `${NAMES[index % NAMES.length]} ${1 + Math.floor(index / NAMES.length)}`,
      state: registered ? 'idle' : 'out_of_service',
      registered,
      contacts,
      call_ids: [],
      since: micros(Date.now() - Math.random() * 7200000),
    });
  }

  callId() {
    this.sequence += 1;
    return `01JD${this.sequence.toString(36).padStart(6, '0').toUpperCase()}${Math.random().toString(36).slice(2, 18).toUpperCase().padEnd(16, 'X')}`;
  }

  oldCall(index) {
    const result = pick(RESULTS);
    const started = Date.now() - (index + 1) * 47000 - Math.random() * 30000;
    const answered = result === 'answered' || result === 'lost' ? started + 2000 + Math.random() * 18000 : null;
    const ended = (answered ?? started + 15000) + Math.random() * 600000 * (answered ? 1 : 0.01);
    const [from, to] = [pick([...this.devices.keys()]), pick([...this.devices.keys()])];
    return {
      call_id: this.callId(),
      started_at: micros(started),
      answered_at: answered && micros(answered),
      ended_at: micros(ended),
      from: Math.random() < 0.3 ? `0049301234${100 + (index % 900)}` : from,
      to,
      result,
      cause: CAUSES[result],
      node: pick(['node-1', 'node-2']),
      location: 'home',
    };
  }

  put(device, more) {
    this.devices.set(device.dn, { ...device, ...more, since: more.since ?? micros(Date.now()) });
    this.changed?.devices.add(device.dn);
  }

  startCall(running = false) {
    const idle = [...this.devices.values()].filter((device) => device.state === 'idle');
    if (idle.length < 2) return;
    const from = pick(idle);
    const to = pick(idle.filter((device) => device !== from));
    const started = Date.now() - (running ? Math.random() * 900000 : 0);
    const call = {
      call_id: this.callId(),
      state: running ? 'established' : 'ringing',
      from: from.dn,
      to: to.dn,
      started_at: micros(started),
      answered_at: running ? micros(started + 5000) : null,
      node: pick(['node-1', 'node-2']),
      location: 'home',
    };
    this.calls.set(call.call_id, call);
    this.changed?.calls.add(call.call_id);
    this.put(from, { state: running ? 'talking' : 'dialling', call_ids: [call.call_id], since: micros(started) });
    this.put(to, { state: running ? 'talking' : 'ringing', call_ids: [call.call_id], since: micros(started) });
  }

  moveCall(call, state, deviceState) {
    this.calls.set(call.call_id, { ...call, state, answered_at: call.answered_at ?? micros(Date.now()) });
    this.changed.calls.add(call.call_id);
    for (const dn of [call.from, call.to]) this.put(this.devices.get(dn), { state: deviceState });
  }

  endCall(call) {
    const ended = micros(Date.now());
    this.calls.delete(call.call_id);
    this.changed.calls.delete(call.call_id);
    this.changed.calls_gone.add(call.call_id);
    for (const dn of [call.from, call.to]) this.put(this.devices.get(dn), { state: 'idle', call_ids: [] });
    const { state, ...rest } = call;
    this.history.unshift({ ...rest, ended_at: ended, result: call.answered_at ? 'answered' : 'abandoned', cause: 'normal' });
  }

  /** One step of the day; tells the listeners what changed. */
  step() {
    if (this.devices.size === 0) return;
    const busy = this.calls.size;
    if (Math.random() < 0.7 && busy < this.devices.size / 7) this.startCall();
    for (const call of [...this.calls.values()]) {
      const chance = Math.random();
      if (call.state === 'ringing' && chance < 0.03) this.moveCall(call, 'established', 'talking');
      else if (call.state === 'ringing' && chance < 0.035) this.endCall(call);
      else if (call.state === 'established' && chance < 0.004) this.moveCall(call, 'held', 'held');
      else if (call.state === 'held' && chance < 0.03) this.moveCall(call, 'established', 'talking');
      else if (call.state === 'established' && chance < 0.012) this.endCall(call);
    }
    this.publish();
  }

  publish() {
    const { devices, calls, calls_gone: gone } = this.changed;
    if (devices.size + calls.size + gone.size === 0) return;
    this.number += 1n;
    const changes = { number: String(this.number) };
    if (devices.size) changes.devices = [...devices].map((dn) => this.devices.get(dn));
    if (calls.size) changes.calls = [...calls].map((id) => this.calls.get(id));
    if (gone.size) changes.calls_gone = [...gone];
    this.changed = { devices: new Set(), calls: new Set(), calls_gone: new Set() };
    this.past.push(changes);
    if (this.past.length > 500) this.past.shift();
    for (const listener of this.listeners) listener(changes);
  }

  /** Changes after `position`, or null when they are no longer known. */
  since(position) {
    if (!position || position.epoch !== this.epoch) return null;
    const missed = this.past.filter((changes) => BigInt(changes.number) > BigInt(position.number));
    return BigInt(missed.length) === this.number - BigInt(position.number) ? missed : null;
  }

  snapshot() {
    return { epoch: this.epoch, number: String(this.number), devices: [...this.devices.values()], calls: [...this.calls.values()] };
  }

  page({ limit, before, dn }) {
    const all = this.history.filter((call) => dn === '' || call.from === dn || call.to === dn);
    all.sort((a, b) => Number(b.started_at) - Number(a.started_at));
    const start = before === null ? 0 : all.findIndex((call) => call.call_id === before) + 1;
    const calls = all.slice(start, start + limit);
    return { calls, next: start + limit < all.length ? calls[calls.length - 1].call_id : null };
  }
}
