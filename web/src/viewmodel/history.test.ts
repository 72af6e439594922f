import { beforeEach, expect, it } from 'vitest';
import { Collection } from '../model/collection';
import type { Call } from '../model/messages';
import { FakeApi, pastCall } from '../testing/fake-api';
import { FakeClock, call, settle } from '../testing/fakes';
import { HistoryViewModel, TYPING_MS } from './history';

let api: FakeApi;
let clock: FakeClock;
let live: Collection<Call>;
let history: HistoryViewModel;

beforeEach(() => {
  api = new FakeApi();
  clock = new FakeClock();
  live = new Collection<Call>((item) => item.call_id);
  history = new HistoryViewModel(api, clock, live);
});

const ids = (): string[] => history.calls.value.map((item) => item.call_id);

async function opened(next: string | null = 'cursor'): Promise<void> {
  history.open('');
  api.last('history').yes({ calls: [pastCall('c9'), pastCall('c8')], next });
  await settle();
}

it('reads the newest calls, then older ones after them', async () => {
  await opened();
  expect(api.last('history').query).toEqual({ limit: 50, before: null, dn: '' });
  expect(history.older.value).toBe(true);
  void history.loadOlder();
  expect(history.state.value).toBe('more');
  expect(api.last('history').query).toEqual({ limit: 50, before: 'cursor', dn: '' });
  api.last('history').yes({ calls: [pastCall('c8'), pastCall('c7')], next: null });
  await settle();
  expect(ids()).toEqual(['c9', 'c8', 'c7']);
  expect(history.older.value).toBe(false);
  void history.loadOlder();
  expect(api.asked).toHaveLength(2);
});

it('asks once for older calls however often it is told to', async () => {
  await opened();
  void history.loadOlder();
  void history.loadOlder();
  expect(api.asked).toHaveLength(2);
});

it('asks when the typing pauses, and an answer to an older question is not shown', async () => {
  await opened();
  history.type('10');
  clock.advance(TYPING_MS - 1);
  history.type('1001');
  clock.advance(TYPING_MS - 1);
  expect(api.asked).toHaveLength(1);
  clock.advance(1);
  const slow = api.last('history');
  history.type('1002');
  clock.advance(TYPING_MS);
  api.last('history').yes({ calls: [pastCall('two')], next: null });
  await settle();
  slow.yes({ calls: [pastCall('one')], next: null });
  await settle();
  expect(ids()).toEqual(['two']);
});

it('says what failed, keeps what it has and goes on from there', async () => {
  await opened();
  void history.loadOlder();
  api.last('history').no(503, 'The history is not reachable.');
  await settle();
  expect(history.state.value).toBe('failed');
  expect(history.error.value?.sentence).toBe('The history is not reachable.');
  expect(ids()).toEqual(['c9', 'c8']);
  void history.retry();
  expect(api.last('history').query).toMatchObject({ before: 'cursor' });
  api.last('history').yes({ calls: [pastCall('c7')], next: null });
  await settle();
  expect(ids()).toEqual(['c9', 'c8', 'c7']);
  expect(history.error.value).toBeNull();
});

it('counts calls that have ended since, unless they are of another number', async () => {
  await opened();
  live.replace([call('x', '1001', '1002'), call('y', '3', '4'), call('w', '5', '6'), call('z', '7', '8')]);
  history.dn.set('1001');
  live.apply([], ['x', 'z']);
  live.apply([], ['w']);
  expect(history.newer.value).toBe(1);
  history.dn.set('');
  void history.reload();
  api.last('history').yes({ calls: [], next: null });
  await settle();
  expect(history.newer.value).toBe(0);
  history.open('1001');
  live.apply([], ['y']);
  expect(history.newer.value).toBe(0);
});

it('opening it again reads nothing, another number does', async () => {
  await opened();
  history.open('');
  expect(api.asked).toHaveLength(1);
  history.open('1001');
  expect(api.last('history').query).toMatchObject({ dn: '1001' });
});

it('leaves nothing behind when disposed', async () => {
  await opened();
  history.type('1');
  void history.loadOlder();
  history.dispose();
  api.last('history').yes({ calls: [pastCall('late')], next: null });
  await settle();
  expect(ids()).toEqual(['c9', 'c8']);
  expect(clock.pending).toBe(0);
  expect(live.subscribers).toBe(0);
});
