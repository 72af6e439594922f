import { expect, test } from 'vitest';
import type { Trunk } from '../model/config-messages';
import { FakeApi } from '../testing/fake-api';
import { FakeClock } from '../testing/fakes';
import { TRUNKS_MS, TrunksViewModel } from './trunks';

const settle = () => new Promise((done) => setTimeout(done, 0));
const TRUNK = { name: 'carrier-1', state: 'in-service' } as Trunk;

test('trunks are asked for while the page is open, and a failure is shown until an answer comes (VC-8)', async () => {
  const api = new FakeApi();
  const clock = new FakeClock();
  const trunks = new TrunksViewModel(api, clock);
  trunks.open();
  api.last('trunks').no(503, 'not now');
  await settle();
  expect(trunks.failed.value?.sentence).toBe('not now');
  expect(trunks.trunks.value).toBeNull();
  clock.advance(TRUNKS_MS);
  api.last('trunks').yes([TRUNK]);
  await settle();
  expect(trunks.failed.value).toBeNull();
  expect(trunks.trunks.value).toEqual([TRUNK]);
  trunks.close();
  clock.advance(10 * TRUNKS_MS);
  expect(api.asked.length).toBe(2);
});
