import { beforeEach, expect, it } from 'vitest';
import type { Registration } from '../model/messages';
import { FakeApi } from '../testing/fake-api';
import { FakeClock, settle } from '../testing/fakes';
import { REFRESH_MS, RegistrationsViewModel, TYPING_MS, rowKey } from './registrations';

let api: FakeApi;
let clock: FakeClock;
let model: RegistrationsViewModel;

const phone = (dn: string): Registration => ({
  dn,
  contact: `sip:${dn}@192.0.2.1`,
  proxy: 'proxy-1',
  transport: 'udp',
  registered_at: '1800000000000000',
  expires_at: '1800000300000000',
  q: 1000,
});

const numbers = (): string[] => model.rows.value.map(({ dn }) => dn);

async function answer(dns: string[], next: string | null): Promise<void> {
  api.last('registrations').yes({ count: 9, registrations: dns.map(phone), next });
  await settle();
}

beforeEach(() => {
  api = new FakeApi();
  clock = new FakeClock();
  model = new RegistrationsViewModel(api, clock);
  model.open();
});

it('reads a page, then those behind it', async () => {
  await answer(['1001', '1002'], '1002');
  expect(model.more.value).toBe(true);
  expect(model.count.value).toBe(9);
  void model.loadMore();
  expect(api.last('registrations').query).toEqual({ search: '', after: '1002', limit: 100 });
  await answer(['1003'], null);
  expect(numbers()).toEqual(['1001', '1002', '1003']);
  expect(model.more.value).toBe(false);
});

it('goes on behind a page in which nothing was found', async () => {
  await answer([], '4711');
  expect(api.last('registrations').query).toEqual({ search: '', after: '4711', limit: 100 });
  await answer(['9000'], null);
  expect(numbers()).toEqual(['9000']);
});

it('stays fresh while one page is shown, and rests when it is closed', async () => {
  await answer(['1001'], null);
  clock.advance(REFRESH_MS);
  await answer(['1002'], null);
  expect(numbers()).toEqual(['1002']);
  model.close();
  clock.advance(10 * REFRESH_MS);
  expect(api.asked).toHaveLength(2);
});

it('asks when the typing pauses, and shows no answer to an older question', async () => {
  const first = api.last('registrations');
  model.type('desk');
  clock.advance(TYPING_MS);
  expect(api.last('registrations').query).toEqual({ search: 'desk', after: null, limit: 100 });
  await answer(['1002'], null);
  first.yes({ count: 9, registrations: [phone('1001')], next: null });
  await settle();
  expect(numbers()).toEqual(['1002']);
});

it('takes one away and reads again', async () => {
  await answer(['1001'], null);
  void model.unregister(phone('1001'));
  api.last('unregister').yes(undefined);
  await settle();
  await answer([], null);
  expect(numbers()).toEqual([]);
});

it('says what is wrong, and tries again', async () => {
  api.last('registrations').no(503, 'away');
  await settle();
  expect(model.error.value?.sentence).toBe('away');
  clock.advance(REFRESH_MS);
  await answer(['1001'], null);
  expect(model.error.value).toBe(null);
});

it('tells two flows of one phone apart, though their contact is the same (VC-2)', () => {
  const flow = { ...phone('1001'), instance: '<urn:uuid:1>', reg_id: 1 };
  expect(rowKey(flow)).not.toBe(rowKey({ ...flow, reg_id: 2 }));
  expect(rowKey(phone('1001'))).not.toBe(rowKey(phone('1002')));
});
