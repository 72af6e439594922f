import { expect, test } from 'vitest';
import type { Alarm, Member } from '../model/config-messages';
import { FakeApi } from '../testing/fake-api';
import { FakeClock } from '../testing/fakes';
import { SYSTEM_MS, SystemViewModel } from './system';

const settle = () => new Promise((done) => setTimeout(done, 0));
const ALARM = { id: 7 } as Alarm;
const MEMBER = { name: 'host-2', state: 'new' } as Member;

function answer(api: FakeApi, alarms: Alarm[] = [], members: Member[] = []): Promise<unknown> {
  api.last('status').yes({ version: '', location: '', instances: [] });
  api.last('alarms').yes(alarms);
  api.last('members').yes(members);
  return settle();
}

const times = (api: FakeApi, name: string): number => api.asked.filter((asked) => asked.name === name).length;

test('health is asked for while the page is open, and not afterwards (CF-10)', async () => {
  const api = new FakeApi();
  const clock = new FakeClock();
  const system = new SystemViewModel(api, clock);
  system.open();
  await answer(api, [ALARM]);
  expect(system.alarms.value).toEqual([ALARM]);
  clock.advance(SYSTEM_MS);
  expect(times(api, 'status')).toBe(2);
  await answer(api);
  expect(system.alarms.value).toEqual([]);
  system.close();
  clock.advance(10 * SYSTEM_MS);
  expect(times(api, 'status')).toBe(2);
});

test('a failure is shown until an answer comes', async () => {
  const api = new FakeApi();
  const clock = new FakeClock();
  const system = new SystemViewModel(api, clock);
  system.open();
  api.last('status').no(503, 'not now');
  await settle();
  expect(system.failed.value?.sentence).toBe('not now');
  clock.advance(SYSTEM_MS);
  await answer(api);
  expect(system.failed.value).toBeNull();
  system.dispose();
});

test('an acknowledged alarm and a trusted member are read again at once (SM-25)', async () => {
  const api = new FakeApi();
  const system = new SystemViewModel(api, new FakeClock());
  system.open();
  await answer(api, [ALARM], [MEMBER]);
  void system.acknowledge(ALARM);
  expect(api.last('acknowledge').query).toBe(7);
  api.last('acknowledge').yes(undefined);
  await settle();
  expect(times(api, 'alarms')).toBe(2);
  await answer(api, [], [MEMBER]);
  void system.trust(MEMBER);
  expect(api.last('trust').query).toBe(MEMBER);
  api.last('trust').no(403, 'not you');
  await settle();
  expect(system.acting.error.value?.sentence).toBe('not you');
  system.dispose();
});

test('an enrolment code is forgotten when the page is left', async () => {
  const api = new FakeApi();
  const system = new SystemViewModel(api, new FakeClock());
  system.open();
  void system.makeCode('host-3');
  expect(api.last('code').query).toBe('host-3');
  api.last('code').yes({ name: 'host-3', code: 'ABC', code_ends_at: 1 });
  await settle();
  expect(system.code.value?.code).toBe('ABC');
  system.close();
  expect(system.code.value).toBeNull();
});
