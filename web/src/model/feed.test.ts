import { beforeEach, describe, expect, it } from 'vitest';
import { FakeClock, FakeServer, FakeSurroundings, call, device, settle } from '../testing/fakes';
import { BACKOFF_CEILING_MS, BACKOFF_FLOOR_MS, HANDSHAKE_MS, PROBE_MS, SILENCE_MS, STABLE_MS, backoff } from './connection';
import { Feed } from './feed';

const snapshot = (number = '17', epoch = 'e1') => ({
  snapshot: { epoch, number, devices: [device('1001'), device('1002')], calls: [call('c1', '1001', '1002')] },
});

let clock: FakeClock;
let server: FakeServer;
let surroundings: FakeSurroundings;
let signedIn: boolean | 'unknown';
let feed: Feed;

beforeEach(() => {
  clock = new FakeClock();
  server = new FakeServer();
  surroundings = new FakeSurroundings();
  signedIn = 'unknown';
  feed = new Feed({ clock, open: server.open, surroundings, signedIn: () => Promise.resolve(signedIn) });
});

function goLive(): void {
  feed.start();
  server.socket.handlers.open();
  server.socket.says(snapshot());
}

describe('reconnection (WS-3)', () => {
  it('comes back by itself and resumes where it was', () => {
    goLive();
    server.socket.says({ changes: { number: '18', devices: [device('1003')] } });
    server.socket.handlers.closed(1006);
    expect(feed.state.value.kind).toBe('waiting');
    expect(feed.devices.items.size).toBe(3);

    clock.advance(BACKOFF_CEILING_MS);
    expect(server.sockets).toHaveLength(2);
    server.socket.handlers.open();
    expect(server.socket.hellos).toEqual([{ resume: { epoch: 'e1', number: '18' }, watch: ['devices', 'calls'] }]);
    expect(feed.state.value.kind).toBe('connecting');

    server.socket.says({ resumed: { epoch: 'e1', number: '18' } });
    expect(feed.state.value.kind).toBe('connected');
    server.socket.says({ changes: { number: '19', calls_gone: ['c1'] } });
    expect(feed.calls.items.size).toBe(0);
  });

  it('waits longer each time, between floor and ceiling, and starts over after success', () => {
    clock.chance = 0.999;
    feed.start();
    const waits: number[] = [];
    for (let attempt = 0; attempt < 8; attempt += 1) {
      server.socket.handlers.closed(1006);
      const state = feed.state.value;
      if (state.kind !== 'waiting') throw new Error(state.kind);
      waits.push(state.until - clock.now());
      clock.advance(state.until - clock.now());
    }
    expect(waits[0]).toBeLessThanOrEqual(2 * BACKOFF_FLOOR_MS);
    expect([...waits].sort((a, b) => a - b)).toEqual(waits);
    expect(waits[7]).toBeGreaterThan(BACKOFF_CEILING_MS * 0.95);
    server.socket.handlers.open();
    server.socket.says(snapshot());
    clock.advance(STABLE_MS);
    server.socket.handlers.closed(1006);
    expect(feed.state.value).toMatchObject({ kind: 'waiting', attempt: 1 });
  });

  it('a server that accepts, answers and drops at once is not hammered', () => {
    clock.chance = 0.999;
    feed.start();
    for (let attempt = 1; attempt <= 5; attempt += 1) {
      server.socket.handlers.open();
      server.socket.says(snapshot());
      server.socket.handlers.closed(1011);
      expect(feed.state.value).toMatchObject({ kind: 'waiting', attempt });
      clock.advance(BACKOFF_CEILING_MS);
    }
  });

  it('has chance in each wait and never leaves the bounds', () => {
    for (const attempt of [0, 1, 2, 5, 40]) {
      expect(backoff(attempt, 0)).toBe(BACKOFF_FLOOR_MS);
      expect(backoff(attempt, 0.999999)).toBeLessThanOrEqual(BACKOFF_CEILING_MS);
    }
    expect(backoff(3, 0.2)).not.toBe(backoff(3, 0.8));
  });

  it('"try now" does not wait', () => {
    goLive();
    server.socket.handlers.closed(1006);
    feed.tryNow();
    expect(server.sockets).toHaveLength(2);
    clock.advance(BACKOFF_CEILING_MS);
    expect(server.sockets).toHaveLength(2);
  });

  it('a resume of another epoch is answered by asking for a snapshot', () => {
    goLive();
    server.socket.handlers.closed(1006);
    feed.tryNow();
    server.socket.handlers.open();
    server.socket.says({ resumed: { epoch: 'e2', number: '3' } });
    expect(server.socket.hellos[1]).toMatchObject({ resume: null });
    server.socket.says({ changes: { number: '4', devices: [device('9999')] } });
    expect(feed.devices.items.has('9999')).toBe(false);
    server.socket.says(snapshot('4', 'e2'));
    expect(feed.state.value.kind).toBe('connected');
  });

  it('gives up a handshake that is not answered', () => {
    feed.start();
    server.socket.handlers.open();
    clock.advance(HANDSHAKE_MS);
    expect(server.sockets[0]?.closedWith).toBe(1000);
    expect(feed.state.value.kind).toBe('waiting');
  });

  it('notices a dead line by silence, but not while the other end answers', () => {
    goLive();
    clock.advance(SILENCE_MS);
    expect(server.socket.hellos[1]).toMatchObject({ resume: { number: '17' } });
    server.socket.says({ resumed: { epoch: 'e1', number: '17' } });
    clock.advance(SILENCE_MS - 1);
    expect(feed.state.value.kind).toBe('connected');
    clock.advance(1 + PROBE_MS);
    expect(feed.state.value.kind).toBe('waiting');
    expect(server.openSockets).toBe(0);
  });

  it('asks at once after the machine has slept', () => {
    goLive();
    surroundings.events.emit('woken');
    expect(server.socket.hellos).toHaveLength(2);
    clock.advance(PROBE_MS);
    expect(feed.state.value.kind).toBe('waiting');
  });

  it('is offline without a network and connects as soon as there is one', () => {
    goLive();
    surroundings.set(false);
    expect(feed.state.value.kind).toBe('offline');
    expect(server.openSockets).toBe(0);
    clock.advance(60_000);
    expect(server.sockets).toHaveLength(1);
    surroundings.set(true);
    expect(feed.state.value.kind).toBe('connecting');
    expect(server.sockets).toHaveLength(2);
  });

  it('late events of an old socket change nothing', () => {
    goLive();
    const old = server.socket;
    old.handlers.closed(1006);
    feed.tryNow();
    server.socket.handlers.open();
    server.socket.says(snapshot('20'));
    old.says({ changes: { number: '21', devices_gone: ['1001'] } });
    old.handlers.closed(1006);
    expect(feed.devices.items.has('1001')).toBe(true);
    expect(feed.state.value.kind).toBe('connected');
  });
});

describe('numbered changes', () => {
  it('a gap asks for a snapshot and believes nothing until it is there', () => {
    goLive();
    server.socket.says({ changes: { number: '19', devices: [device('1001', { state: 'talking' })] } });
    expect(feed.devices.items.get('1001')?.state).toBe('idle');
    expect(server.socket.hellos[1]).toEqual({ resume: null, watch: ['devices', 'calls'] });
    expect(feed.state.value.kind).toBe('connecting');
    server.socket.says({ changes: { number: '18', devices_gone: ['1002'] } });
    expect(feed.devices.items.has('1002')).toBe(true);
    server.socket.says(snapshot('30'));
    server.socket.says({ changes: { number: '31', devices_gone: ['1002'] } });
    expect(feed.devices.items.has('1002')).toBe(false);
    expect(server.socket.hellos).toHaveLength(2);
  });

  it('a snapshot that never comes ends the connection even while changes flow', () => {
    goLive();
    for (let number = 19; number < 40; number += 1) {
      if (server.socket.closedWith !== null) break;
      server.socket.says({ changes: { number: String(number) } });
      clock.advance(1000);
    }
    expect(server.sockets[0]?.closedWith).toBe(1000);
  });

  it('a repeated change is passed over, a number beyond 2^53 is exact', () => {
    feed.start();
    server.socket.handlers.open();
    server.socket.says(snapshot('9007199254740993'));
    server.socket.says({ changes: { number: '9007199254740993', devices_gone: ['1001'] } });
    expect(feed.devices.items.has('1001')).toBe(true);
    server.socket.says({ changes: { number: '9007199254740994', devices_gone: ['1001'] } });
    expect(feed.devices.items.has('1001')).toBe(false);
    expect(server.socket.hellos).toHaveLength(1);
  });

  it('an unreadable line gives the connection up and then asks for everything', () => {
    goLive();
    server.socket.says('{"changes":{"number":18}}');
    expect(feed.state.value.kind).toBe('waiting');
    feed.tryNow();
    server.socket.handlers.open();
    expect(server.socket.hellos[0]?.resume).toBeNull();
  });
});

describe('the end of a session', () => {
  it.each(['4401', 'bye'])('%s asks for a new log-in and does not reconnect', (how) => {
    goLive();
    if (how === 'bye') server.socket.says({ bye: { reason: 'logged_out' } });
    else server.socket.handlers.closed(4401);
    expect(feed.state.value.kind).toBe('signed_out');
    clock.advance(60_000);
    expect(server.sockets).toHaveLength(1);
  });

  it.each(['shutdown', 'lagging'])('bye %s reconnects', (reason) => {
    goLive();
    server.socket.says({ bye: { reason } });
    clock.advance(BACKOFF_CEILING_MS);
    expect(server.sockets).toHaveLength(2);
  });

  it('a refused upgrade asks whether we are still signed in', async () => {
    signedIn = false;
    feed.start();
    server.socket.handlers.closed(1006);
    await settle();
    expect(feed.state.value.kind).toBe('signed_out');
    feed.start();
    server.socket.handlers.open();
    server.socket.says(snapshot());
    expect(feed.state.value.kind).toBe('connected');
  });

  it('leaves nothing behind when disposed, whatever it was doing', async () => {
    for (const until of ['connecting', 'connected', 'waiting', 'offline'] as const) {
      if (until === 'connecting') feed.start();
      else goLive();
      if (until === 'waiting') server.socket.handlers.closed(1006);
      if (until === 'offline') surroundings.set(false);
      expect(feed.state.value.kind).toBe(until);
      feed.dispose();
      await settle();
      expect(clock.pending).toBe(0);
      expect(server.openSockets).toBe(0);
      expect(surroundings.events.subscribers).toBe(0);
      server = new FakeServer();
      surroundings = new FakeSurroundings();
      feed = new Feed({ clock, open: server.open, surroundings, signedIn: () => Promise.resolve('unknown' as const) });
    }
  });
});
