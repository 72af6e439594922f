import { beforeEach, describe, expect, it } from 'vitest';
import { Signal } from '../model/observable';
import { ServerTime } from '../model/server-time';
import { FakeApi, SUPERVISOR } from '../testing/fake-api';
import { FakeClock, FakeServer, FakeSurroundings, device, settle } from '../testing/fakes';
import { AppViewModel, RETRY_MS } from './app';
import { Preferences } from './preferences';
import { formatRoute, parseRoute, type AddressBar } from './router';

class FakeAddressBar implements AddressBar {
  hash = '';
  readonly moved = new Signal<void>();
  read = (): string => this.hash;
  push = (hash: string): void => void (this.hash = hash);
  replace = (hash: string): void => void (this.hash = hash);
  subscribe = (handler: () => void) => this.moved.subscribe(handler);
}

let api: FakeApi;
let clock: FakeClock;
let server: FakeServer;
let surroundings: FakeSurroundings;
let bar: FakeAddressBar;
let stored: Map<string, string>;
let app: AppViewModel;

beforeEach(() => {
  api = new FakeApi();
  clock = new FakeClock();
  server = new FakeServer();
  surroundings = new FakeSurroundings();
  bar = new FakeAddressBar();
  bar.hash = '#/history?dn=1001';
  stored = new Map();
  const store = { get: (name: string) => stored.get(name) ?? null, set: (name: string, value: string) => void stored.set(name, value) };
  app = new AppViewModel({
    api,
    clock,
    serverTime: new ServerTime(clock),
    open: server.open,
    surroundings,
    addressBar: bar,
    preferences: new Preferences(store, ['en', 'de'], ['fr-FR', 'de-AT']),
  });
});

async function signIn(): Promise<void> {
  void app.start();
  api.last('me').yes(SUPERVISOR);
  await settle();
  server.socket.handlers.open();
  server.socket.says({ snapshot: { epoch: 'e', number: '1', devices: [device('1001')], calls: [] } });
}

describe('who is here', () => {
  it('a session that still lives needs no log-in', async () => {
    await signIn();
    expect(app.state.value).toBe('signed_in');
    expect(app.workspace.value?.feed.devices.items.size).toBe(1);
  });

  it('log-in keeps the page that was asked for', async () => {
    void app.start();
    api.last('me').no(401);
    await settle();
    expect(app.state.value).toBe('signed_out');
    app.login.user.set(' supervisor ');
    app.login.password.set('secret');
    void app.login.submit();
    expect(api.last('login').query).toEqual({ user: 'supervisor', password: 'secret' });
    api.last('login').yes(SUPERVISOR);
    await settle();
    expect(app.state.value).toBe('signed_in');
    expect(app.router.route.value).toEqual({ page: 'history', dn: '1001' });
    expect(app.login.password.value).toBe('');
  });

  it('a server that is away is asked again', async () => {
    void app.start();
    api.last('me').no(0);
    await settle();
    expect(app.state.value).toBe('unreachable');
    clock.advance(RETRY_MS);
    api.last('me').yes(SUPERVISOR);
    await settle();
    expect(app.state.value).toBe('signed_in');
  });

  it.each(['answer 401', 'close 4401'])('%s leads to the log-in; the same person goes on with what was typed (WS-3)', async (how) => {
    await signIn();
    app.workspace.value?.live.setFilter('reception');
    if (how === 'answer 401') api.signedOut.emit();
    else server.socket.handlers.closed(4401);
    expect(app.state.value).toBe('signed_out');
    expect(app.expired.value).toBe(true);
    expect(app.login.user.value).toBe('supervisor');
    app.login.password.set('secret');
    void app.login.submit();
    api.last('login').yes(SUPERVISOR);
    await settle();
    expect(app.workspace.value?.live.filter.value).toBe('reception');
    server.socket.handlers.open();
    expect(server.socket.hellos[0]?.resume).toEqual({ epoch: 'e', number: '1' });
  });

  it('another person sees nothing of the one before', async () => {
    await signIn();
    app.workspace.value?.live.setFilter('reception');
    api.signedOut.emit();
    app.login.user.set('other');
    app.login.password.set('secret');
    void app.login.submit();
    api.last('login').yes({ ...SUPERVISOR, user: 'other' });
    await settle();
    expect(app.workspace.value?.live.filter.value).toBe('');
    expect(app.workspace.value?.feed.devices.items.size).toBe(0);
  });

  it('log-out is immediate, also when the server is away', async () => {
    await signIn();
    void app.logout();
    expect(app.state.value).toBe('signed_out');
    expect(app.expired.value).toBe(false);
    api.last('logout').no(0);
    await settle();
    expect(server.openSockets).toBe(0);
    expect(clock.pending).toBe(0);
  });
});

describe('log-in', () => {
  it.each([
    [401, 'wrong', ''],
    [429, 'too_many', 'secret'],
    [0, 'unreachable', 'secret'],
    [500, 'other', 'secret'],
  ])('%i is said as "%s", the name is kept', async (status, error, password) => {
    app.login.user.set('supervisor');
    app.login.password.set('secret');
    void app.login.submit();
    api.last('login').no(status, 'Sentence.');
    await settle();
    expect(app.login.error.value).toBe(error);
    expect(app.login.user.value).toBe('supervisor');
    expect(app.login.password.value).toBe(password);
    expect(app.login.busy.value).toBe(false);
  });

  it('asks nothing while a field is empty or a question is open', async () => {
    await app.login.submit();
    expect(app.login.error.value).toBe('user_missing');
    app.login.user.set('supervisor');
    await app.login.submit();
    expect(app.login.error.value).toBe('password_missing');
    app.login.password.set('secret');
    void app.login.submit();
    void app.login.submit();
    expect(api.asked.filter(({ name }) => name === 'login')).toHaveLength(1);
  });
});

it('a failed history is read again when the connection is back', async () => {
  await signIn();
  app.workspace.value?.history.open('');
  api.last('history').no(0);
  await settle();
  server.socket.handlers.closed(1006);
  app.workspace.value?.feed.tryNow();
  server.socket.handlers.open();
  server.socket.says({ resumed: { epoch: 'e', number: '1' } });
  expect(api.asked.filter(({ name }) => name === 'history')).toHaveLength(2);
});

it('routes survive being written and read', () => {
  for (const route of [{ page: 'live', dn: '' }, { page: 'history', dn: '+49 30&x' }, { page: 'about', dn: '' }] as const) {
    expect(parseRoute(formatRoute(route))).toEqual(route);
  }
  expect(parseRoute('#/nowhere')).toEqual({ page: 'live', dn: '' });
});

it('preferences are kept, and an unknown one is passed over', () => {
  expect(app.preferences.language.value).toBe('de');
  app.preferences.setTheme('dark');
  app.preferences.setLanguage('en');
  expect(Object.fromEntries(stored)).toEqual({ theme: 'dark', language: 'en' });
  const odd = new Preferences({ get: () => 'purple', set: () => undefined }, ['en'], []);
  expect([odd.theme.value, odd.language.value]).toEqual(['auto', 'en']);
});

it('leaves nothing behind when disposed', async () => {
  await signIn();
  const stop = app.ticker.subscribe(() => undefined);
  stop();
  app.dispose();
  expect(clock.pending).toBe(0);
  expect(server.openSockets).toBe(0);
  expect(surroundings.events.subscribers).toBe(0);
  expect(api.signedOut.subscribers).toBe(0);
  expect(bar.moved.subscribers).toBe(0);
});
