import { expect, test } from 'vitest';
import type { ConfigObject, Kind, Transaction } from '../model/config-messages';
import { FakeApi } from '../testing/fake-api';
import { FakeClock } from '../testing/fakes';
import { ConfigViewModel, NEW } from './config';
import { formatOf, parseOf, type Route } from './router';

const settle = () => new Promise((done) => setTimeout(done, 0));

const text = { required: false, list: false, secret: false, at_start: false, minimum: 0, maximum: 64, help: '' };
const DN: Kind = {
  name: 'dn',
  plural: 'DNs',
  help: '',
  fields: [
    { ...text, name: 'number', type: 'dial', required: true, minimum: 1, maximum: 8 },
    { ...text, name: 'name', type: 'text' },
    { ...text, name: 'secret', type: 'text', secret: true, minimum: 8 },
    { ...text, name: 'rank', type: 'integer', minimum: 1, maximum: 9, default: 5 },
    { ...text, name: 'location', type: 'reference', refers: 'location' },
    { ...text, name: 'disabled', type: 'flag', default: false },
    { ...text, name: 'listen', type: 'endpoint', list: true },
  ],
};
const LOCATION: Kind = { name: 'location', plural: 'locations', help: '', fields: [{ ...text, name: 'name', type: 'name' }] };
const DESK: ConfigObject = { version: 3, number: '1001', name: 'Desk', rank: 5, disabled: false, listen: ['udp:192.0.2.1:5060'] };
const MADE: Transaction = { number: 7, at: '1', by: 'ada', comment: '', changes: [] };

async function opened(of: string) {
  const api = new FakeApi();
  const went: Route[] = [];
  const config = new ConfigViewModel(api, new FakeClock());
  const router = { go: (route: Route) => void went.push(route) };
  const open = config.open(of, router);
  api.last('kinds').yes([LOCATION, DN]);
  await open;
  return { api, config, went, router };
}

async function openedDesk() {
  const all = await opened('dn/1001');
  const form = all.config.form.value;
  if (form === null) throw new Error('no form');
  all.api.last('object').yes(DESK);
  all.api.last('users').yes([]);
  all.api.last('transactions').yes({ changes: [MADE] });
  await settle();
  return { ...all, form };
}

test('names in the address keep what is special in them (WS-30)', () => {
  expect(parseOf(formatOf('dn', '*21/#'))).toEqual({ kind: 'dn', name: '*21/#' });
  expect(parseOf('dn/%zz')).toEqual({ kind: 'dn', name: '%zz' });
});

test('a search asks when the typing pauses, and only the newest answer counts', async () => {
  const { api, config } = await opened('dn');
  const first = api.last('objects');
  config.list.type('desk');
  expect(api.last('objects')).toBe(first);
  void config.list.reload();
  api.last('objects').yes({ objects: [DESK] });
  await settle();
  first.yes({ objects: [] });
  await settle();
  expect(config.list.objects.value).toEqual([DESK]);
});

test('further objects are read from behind the last one', async () => {
  const { api, config } = await opened('dn');
  api.last('objects').yes({ objects: [DESK], next: '1001' });
  await settle();
  expect(config.list.more.value).toBe(true);
  void config.list.loadMore();
  expect(api.last('objects').query).toMatchObject({ after: '1001' });
  api.last('objects').yes({ objects: [{ number: '1002' }] });
  await settle();
  expect(config.list.objects.value.map(({ number }) => number)).toEqual(['1001', '1002']);
});

test('a change sends what was seen, leaves the secret out and stays open (CF-3)', async () => {
  const { api, form, went } = await openedDesk();
  expect(form.history.value).toEqual([MADE]);
  form.edit('name', 'Front desk');
  form.edit('listen', ['udp:192.0.2.1:5060', '  ']);
  void form.save();
  expect(api.last('change').query).toEqual({
    comment: '',
    changes: [
      {
        action: 'put',
        kind: 'dn',
        name: '1001',
        version: 3,
        object: { number: '1001', name: 'Front desk', rank: 5, disabled: false, listen: ['udp:192.0.2.1:5060'] },
      },
    ],
  });
  api.last('change').yes(MADE);
  await settle();
  expect(went).toEqual([]);
  expect(api.asked.filter(({ name }) => name === 'object').length).toBe(2);
});

test('what is wrong by the description is not sent', async () => {
  const { api, form } = await openedDesk();
  form.edit('rank', 'ten');
  form.edit('secret', 'short');
  await form.save();
  expect(form.problems.value).toEqual({ rank: 'not_a_number', secret: 'too_short' });
  expect(api.asked.some(({ name }) => name === 'change')).toBe(false);
  form.edit('rank', '10');
  await form.save();
  expect(form.problems.value).toEqual({ rank: 'too_large', secret: 'too_short' });
});

test('what the server refuses stands at its field', async () => {
  const { api, form } = await openedDesk();
  const save = form.save();
  api.last('change').no(400, 'no such thing', '/changes/0/object/name');
  await save;
  expect(form.problems.value).toEqual({ name: { sentence: 'no such thing' } });
  expect(form.conflict.value).toBe(false);
});

test('a reference is helped with names that there are', async () => {
  const { api, form } = await openedDesk();
  const location = form.fields.find(({ name }) => name === 'location');
  if (location === undefined) throw new Error('no field');
  form.edit('location', 'ho');
  const suggested = form.suggest(location);
  expect(api.last('objects').query).toMatchObject({ kind: 'location', search: 'ho' });
  api.last('objects').yes({ objects: [{ name: 'home' }] });
  await suggested;
  expect(form.suggestions.value).toEqual({ location: ['home'] });
});

test('two who change the same: the later one is told and can read it again', async () => {
  const { api, form } = await openedDesk();
  const save = form.save();
  api.last('change').no(409, 'changed by ada');
  await save;
  expect(form.conflict.value).toBe(true);
  expect(form.draft.value['name']).toBe('Desk');
});

test('a new object begins with the defaults and is open afterwards', async () => {
  const { api, config, went } = await opened(`dn/${NEW}`);
  const form = config.form.value;
  expect(form?.draft.value).toMatchObject({ number: '', rank: '5', disabled: false, listen: [] });
  form?.edit('number', '2001');
  void form?.save();
  expect(api.last('change').query).toMatchObject({ changes: [{ name: '2001', version: 0, object: { number: '2001' } }] });
  api.last('change').yes(MADE);
  await settle();
  expect(went).toEqual([{ page: 'config', dn: '', of: 'dn/2001' }]);
});

test('removing goes back to the list; undoing reads it again', async () => {
  const { api, form, went } = await openedDesk();
  void form.undo(7);
  api.last('undo').yes(MADE);
  await settle();
  expect(api.asked.filter(({ name }) => name === 'object').length).toBe(2);
  api.last('object').yes(DESK);
  void form.remove();
  expect(api.last('change').query).toMatchObject({ changes: [{ action: 'delete', name: '1001', version: 3 }] });
  api.last('change').yes(MADE);
  await settle();
  expect(went).toEqual([{ page: 'config', dn: '', of: 'dn' }]);
});

test('all changes, page after page', async () => {
  const { api, config, router } = await opened('dn');
  const open = config.open('changes', router);
  api.last('transactions').yes({ changes: [MADE], next: 7 });
  await open;
  const older = config.loadOlderChanges();
  expect(api.last('transactions').query).toMatchObject({ before: 7 });
  api.last('transactions').yes({ changes: [{ ...MADE, number: 6 }], next: null });
  await older;
  expect(config.changes.value?.map(({ number }) => number)).toEqual([7, 6]);
  expect(config.older.value).toBe(false);
});
