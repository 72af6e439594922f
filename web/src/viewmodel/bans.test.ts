import { expect, test } from 'vitest';
import type { Ban, Bans } from '../model/config-messages';
import { FakeApi } from '../testing/fake-api';
import { FakeClock } from '../testing/fakes';
import { BANS_MS, BansViewModel } from './bans';

const settle = () => new Promise((done) => setTimeout(done, 0));
const BAN = { network: '192.0.2.7/32', by: 'program', until: '1', times: 1, why: 'wrong credentials' } as Ban;
const SOME: Bans = { bans: [BAN], numbers: [] };
const NONE: Bans = { bans: [], numbers: [] };

test('bans are asked for while the page is open (SEC-4)', async () => {
  const api = new FakeApi();
  const clock = new FakeClock();
  const bans = new BansViewModel(api, clock);
  bans.open();
  api.last('bans').no(503, 'not now');
  await settle();
  expect(bans.failed.value?.sentence).toBe('not now');
  expect(bans.bans.value).toBeNull();
  clock.advance(BANS_MS);
  api.last('bans').yes(SOME);
  await settle();
  expect(bans.failed.value).toBeNull();
  expect(bans.bans.value).toEqual(SOME);
  bans.close();
  clock.advance(10 * BANS_MS);
  expect(api.asked.length).toBe(2);
});

test('who is let in again is gone from the list; one that was gone already is no mistake', async () => {
  const api = new FakeApi();
  const bans = new BansViewModel(api, new FakeClock());
  for (const answer of ['yes', 'gone', 'refused'] as const) {
    const lifted = bans.lift(BAN);
    if (answer === 'yes') api.last('lift').yes(undefined);
    else api.last('lift').no(answer === 'gone' ? 404 : 403, answer);
    await settle();
    api.last('bans').yes(NONE);
    await lifted;
    expect(bans.bans.value).toEqual(NONE);
    expect(bans.refused.value?.sentence).toBe(answer === 'refused' ? 'refused' : undefined);
  }
});
