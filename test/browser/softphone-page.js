// The phone inside the page: JsSIP, which does what the test says and remembers what has happened to it.
import JsSIP from 'jssip';

const PATIENCE_MS = 8000;

export class Phone {
  #events = [];
  #waiting = null;
  #ua;
  session = null; // the newest

  constructor({ number, password, server, expires }) {
    this.#ua = new JsSIP.UA({
      uri: `sip:${number}@127.0.0.1`,
      password,
      sockets: [new JsSIP.WebSocketInterface(server)],
      register_expires: expires,
      connection_recovery_min_interval: 1,
      connection_recovery_max_interval: 1,
    });
    for (const what of ['connected', 'disconnected', 'unregistered']) this.#ua.on(what, () => this.#note(what));
    this.#ua.on('registered', ({ response }) => this.#note('registered', { status: response.status_code }));
    this.#ua.on('registrationFailed', ({ response, cause }) => this.#note('registrationFailed', { status: response?.status_code, cause }));
    this.#ua.on('newRTCSession', ({ originator, session }) => this.#follow(originator, session));
  }

  #note(what, more = {}) {
    this.#events.push({ what, ...more });
    this.#waiting?.();
  }

  #follow(originator, session) {
    this.session = session;
    const both = (event) => ({ originator: event?.originator, status: event?.message?.status_code, cause: event?.cause });
    for (const what of ['sending', 'progress', 'accepted', 'confirmed', 'ended', 'failed', 'hold', 'unhold', 'reinvite'])
      session.on(what, (event) => this.#note(what, what === 'progress' ? { status: event.response?.status_code } : both(event)));
    session.on('newDTMF', ({ originator, dtmf }) => this.#note('newDTMF', { originator, tone: dtmf.tone }));
    if (originator === 'remote') this.#note('called', { from: session.remote_identity.uri.user });
  }

  /** The next event of this kind; it and those before it are forgotten. */
  async next(what) {
    const end = Date.now() + PATIENCE_MS;
    for (;;) {
      const at = this.#events.findIndex((event) => event.what === what);
      if (at >= 0) return this.#events.splice(0, at + 1).pop();
      const left = end - Date.now();
      if (left <= 0) throw new Error(`no ${what}, but ${JSON.stringify(this.#events)}`);
      await new Promise((done) => ((this.#waiting = done), setTimeout(done, left)));
    }
  }

  start() {
    this.#ua.start();
  }

  async leave() {
    if (!this.#ua.isRegistered() || !this.#ua.isConnected()) return;
    this.#ua.unregister();
    await this.next('unregistered');
  }

  register() {
    this.#ua.register();
  }

  unregister(all) {
    this.#ua.unregister({ all });
  }

  call(number) {
    this.#ua.call(`sip:${number}@127.0.0.1`, { mediaConstraints: { audio: true, video: false } });
  }

  answer() {
    this.session.answer({ mediaConstraints: { audio: true, video: false } });
  }

  /** Done when the other side has agreed. */
  hold() {
    return new Promise((done, fail) => this.session.hold({}, done) || fail(new Error('not now')));
  }

  unhold() {
    return new Promise((done, fail) => this.session.unhold({}, done) || fail(new Error('not now')));
  }

  /** Packets of sound that have come so far. */
  async received() {
    let packets = 0;
    for (const report of (await this.session.connection.getStats()).values()) if (report.type === 'inbound-rtp') packets += report.packetsReceived;
    return packets;
  }
}
