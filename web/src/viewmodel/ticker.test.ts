import { expect, it } from 'vitest';
import { ServerTime, milliseconds } from '../model/server-time';
import { FakeClock } from '../testing/fakes';
import { Ticker } from './ticker';

it('beats on the second, in the time of the server, only while somebody listens', () => {
  const clock = new FakeClock();
  const time = new ServerTime(clock);
  const ticker = new Ticker(clock, time);
  clock.advance(300);
  expect(clock.pending).toBe(0);
  const beats: number[] = [];
  const one = ticker.subscribe((now) => beats.push(now));
  const two = ticker.subscribe(() => undefined);
  clock.advance(700);
  expect(beats).toEqual([clock.now()]);
  time.learn(new Date(clock.now() + 60_000).toUTCString());
  clock.advance(1000);
  expect((beats[1] ?? 0) - clock.now()).toBe(60_500);
  one();
  expect(clock.pending).toBe(1);
  two();
  expect(clock.pending).toBe(0);
});

it('small differences and nonsense do not move the time', () => {
  const clock = new FakeClock();
  const time = new ServerTime(clock);
  for (const header of [null, 'yesterday', new Date(clock.now() + 1000).toUTCString()]) {
    time.learn(header);
    expect(time.now()).toBe(clock.now());
  }
  expect(milliseconds('1800000000123456')).toBe(1_800_000_000_123);
});
