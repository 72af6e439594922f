import { beforeEach, describe, expect, it } from 'vitest';
import type { Call, Device } from '../model/messages';
import { Feed } from '../model/feed';
import { FakeClock, FakeServer, FakeSurroundings, call, device } from '../testing/fakes';
import { LiveViewModel, REFRESH_MS } from './live';
import { byNumber } from './sorted-list';

let clock: FakeClock;
let server: FakeServer;
let feed: Feed;
let live: LiveViewModel;
let number = 1;

beforeEach(() => {
  clock = new FakeClock();
  server = new FakeServer();
  number = 1;
  feed = new Feed({ clock, open: server.open, surroundings: new FakeSurroundings(), signedIn: () => Promise.resolve('unknown' as const) });
  live = new LiveViewModel(feed, clock);
  feed.start();
  server.socket.handlers.open();
});

function snapshot(devices: Device[], calls: Call[] = []): void {
  server.socket.says({ snapshot: { epoch: 'e', number: String(number), devices, calls } });
  clock.advance(REFRESH_MS);
}

function change(changes: object): void {
  number += 1;
  server.socket.says({ changes: { number: String(number), ...changes } });
}

const dns = (): string[] => live.devices.rows.value.map((row) => row.device.dn);

it('is not taken for empty before the first snapshot is shown', () => {
  expect(live.filled.value).toBe(false);
  server.socket.says({ snapshot: { epoch: 'e', number: '1', devices: [], calls: [] } });
  expect(live.filled.value).toBe(false);
  clock.advance(REFRESH_MS);
  expect(live.filled.value).toBe(true);
});

describe('devices', () => {
  it('are in order of their numbers, not of their letters', () => {
    snapshot(['1001', '99', 'alice', '100', '1000'].map((dn) => device(dn)));
    expect(dns()).toEqual(['99', '100', '1000', '1001', 'alice']);
    expect(['10', '9', 'b', 'a', ''].sort(byNumber)).toEqual(['9', '10', '', 'a', 'b']);
  });

  it('say with whom they talk, also when the call changes later', () => {
    snapshot([device('1001', { call_ids: ['c1'] }), device('1002', { call_ids: ['c1'] }), device('1003')], [call('c1', '1001', '1002')]);
    expect(live.devices.rows.value.map((row) => row.peer)).toEqual(['1002', '1001', null]);
    change({ calls: [call('c1', '1001', '1003')] });
    clock.advance(REFRESH_MS);
    expect(live.devices.rows.value.map((row) => row.peer)).toEqual(['1003', '1001', null]);
    change({ calls_gone: ['c1'], devices: [device('1001'), device('1002')] });
    clock.advance(REFRESH_MS);
    expect(live.devices.rows.value.map((row) => row.peer)).toEqual([null, null, null]);
  });

  it('keep the same row object unless something in it changed', () => {
    snapshot([device('1001'), device('1002')]);
    const before = [...live.devices.rows.value];
    change({ devices: [device('1002', { state: 'ringing' })] });
    clock.advance(REFRESH_MS);
    expect(live.devices.rows.value[0]).toBe(before[0]);
    expect(live.devices.rows.value[1]).not.toBe(before[1]);
  });

  it('are filtered by number, name, other party and state, also as they change', () => {
    snapshot([device('1001', { name: 'Sales' }), device('1002', { state: 'talking', call_ids: ['c1'] })], [call('c1', '1002', '0049301')]);
    live.setFilter(' SAL ');
    expect(dns()).toEqual(['1001']);
    live.setFilter('004930');
    expect(dns()).toEqual(['1002']);
    live.setFilter('');
    live.toggleState('talking');
    expect(dns()).toEqual(['1002']);
    change({ devices: [device('1001', { state: 'talking' })] });
    clock.advance(REFRESH_MS);
    expect(dns()).toEqual(['1001', '1002']);
    live.toggleState('talking');
    expect(live.state.value).toBeNull();
  });

  it('can be sorted by each column and turned round', () => {
    snapshot([device('1', { state: 'idle' }), device('2', { state: 'ringing' }), device('3', { state: 'out_of_service' })]);
    live.devices.sortBy('state');
    expect(dns()).toEqual(['2', '1', '3']);
    live.devices.sortBy('state');
    expect(dns()).toEqual(['3', '1', '2']);
    expect(live.devices.sort.value).toEqual({ column: 'state', descending: true });
    change({ devices_gone: ['1'], devices: [device('4', { state: 'ringing' })] });
    clock.advance(REFRESH_MS);
    expect(dns()).toEqual(['3', '2', '4']);
  });
});

it('a state of a newer server is shown, sorted last and does not upset the figures', () => {
  snapshot([device('1', { state: 'dancing' as Device['state'] }), device('2', { state: 'out_of_service' })]);
  live.devices.sortBy('state');
  expect(dns()).toEqual(['2', '1']);
  expect(Object.values(live.summary.value.states).reduce((sum, count) => sum + count)).toBe(1);
});

it('a device is looked at more closely, with its calls, until it is gone', () => {
  snapshot([device('1001', { call_ids: ['c1', 'unknown'] }), device('1002')], [call('c1', '1001', '1002')]);
  live.select('1001');
  expect(live.detail.value).toMatchObject({ device: { dn: '1001' }, calls: [{ call_id: 'c1' }] });
  const before = live.detail.value;
  change({ devices: [device('1002', { state: 'talking' })] });
  clock.advance(REFRESH_MS);
  expect(live.detail.value).toBe(before);
  change({ calls: [call('c1', '1001', '1002', { state: 'held' })] });
  clock.advance(REFRESH_MS);
  expect(live.detail.value?.calls[0]?.state).toBe('held');
  change({ devices_gone: ['1001'] });
  clock.advance(REFRESH_MS);
  expect(live.detail.value).toBeNull();
  live.select('1002');
  live.select('1002');
  expect(live.detail.value).toBeNull();
});

describe('refresh', () => {
  it('shows a burst of changes once, and within 200 ms', () => {
    snapshot([device('1001')]);
    let drawn = 0;
    live.devices.rows.subscribe(() => (drawn += 1));
    for (let index = 0; index < 50; index += 1) change({ devices: [device(String(2000 + index))] });
    expect(drawn).toBe(0);
    clock.advance(200);
    expect(drawn).toBe(1);
    expect(live.devices.rows.value).toHaveLength(51);
  });

  it('10,000 devices and a change cost less than a tenth of a second', () => {
    snapshot(Array.from({ length: 10_000 }, (_, index) => device(String(10_000 + index))));
    const started = performance.now();
    for (let turn = 0; turn < 10; turn += 1) {
      change({ devices: [device(String(10_500 + turn), { state: 'talking' })] });
      clock.advance(REFRESH_MS);
    }
    expect((performance.now() - started) / 10).toBeLessThan(100);
    expect(live.summary.value.states.talking).toBe(10);
  });
});

describe('summary', () => {
  it('counts what is there', () => {
    snapshot(
      [device('1'), device('2', { registered: false, state: 'out_of_service' })],
      [call('a', '1', '3', { started_at: '1700000000000000' }), call('b', '4', '5', { state: 'ringing' })],
    );
    expect(live.summary.value).toMatchObject({ devices: 2, registered: 1, calls: 2, ringing: 1, longestSince: 1_700_000_000_000 });
    change({ calls_gone: ['a', 'b'] });
    clock.advance(REFRESH_MS);
    expect(live.summary.value).toMatchObject({ calls: 0, ringing: 0, longestSince: null });
  });
});

it('leaves nothing behind when disposed', () => {
  snapshot([device('1001')]);
  change({ devices: [device('1002')] });
  live.dispose();
  expect(feed.devices.subscribers).toBe(0);
  expect(feed.calls.subscribers).toBe(0);
  feed.dispose();
  expect(clock.pending).toBe(0);
});
