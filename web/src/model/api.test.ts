import { beforeEach, expect, it } from 'vitest';
import { FakeClock, settle } from '../testing/fakes';
import { ApiError, HttpApi } from './api';
import { ServerTime } from './server-time';

interface Asked {
  url: string;
  init: RequestInit;
}

let clock: FakeClock;
let asked: Asked[];
let answer: () => Promise<Response>;
let api: HttpApi;

beforeEach(() => {
  clock = new FakeClock();
  asked = [];
  answer = () => Promise.resolve(Response.json({}));
  api = new HttpApi(clock, new ServerTime(clock), (url, init) => {
    asked.push({ url: String(url), init: init ?? {} });
    return answer();
  });
});

const header = (name: string): string | undefined => (asked[0]?.init.headers as Record<string, string>)[name];

it('whatever changes something carries the header against forgery', async () => {
  await api.login('a', 'b');
  expect(asked[0]?.url).toBe('api/login');
  expect(header('X-Tandem-Request')).toBe('1');
  expect(asked[0]?.init.body).toBe('{"user":"a","password":"b"}');
  asked = [];
  await api.me();
  expect(header('X-Tandem-Request')).toBeUndefined();
});

it('writes a query safely', async () => {
  await api.history({ limit: 50, before: 'a&b', dn: '+49' });
  expect(asked[0]?.url).toBe('api/history?limit=50&before=a%26b&dn=%2B49');
});

it('an error has the words of the server', async () => {
  answer = () => Promise.resolve(Response.json({ error: { code: 177, symbol: 'LOGIN', sentence: 'Wrong.' } }, { status: 401 }));
  await expect(api.login('a', 'b')).rejects.toMatchObject({ status: 401, symbol: 'LOGIN', sentence: 'Wrong.' });
});

it('an answer that is none of ours is an error without words', async () => {
  answer = () => Promise.resolve(new Response('<html>', { status: 502 }));
  await expect(api.status()).rejects.toMatchObject({ status: 502, sentence: '' });
  answer = () => Promise.resolve(new Response('<html>'));
  await expect(api.status()).rejects.toBeInstanceOf(ApiError);
});

it('a server that cannot be reached or does not answer is status 0', async () => {
  answer = () => Promise.reject(new TypeError('failed to fetch'));
  await expect(api.me()).rejects.toMatchObject({ status: 0 });
  answer = () =>
    new Promise((_, reject) => asked[1]?.init.signal?.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError'))));
  const slow = api.me();
  clock.advance(10_000);
  await expect(slow).rejects.toMatchObject({ status: 0 });
  expect(clock.pending).toBe(0);
});

it('401 means signed out, except where it is the answer', async () => {
  let out = 0;
  api.signedOut.subscribe(() => (out += 1));
  answer = () => Promise.resolve(Response.json({}, { status: 401 }));
  await api.login('a', 'b').catch(() => undefined);
  await api.me().catch(() => undefined);
  expect(out).toBe(0);
  await api.status().catch(() => undefined);
  await settle();
  expect(out).toBe(1);
});
