import { beforeEach, expect, it } from 'vitest';
import type { TraceMessage } from '../model/trace-messages';
import { FakeApi } from '../testing/fake-api';
import { settle } from '../testing/fakes';
import { makeLadder } from './ladder';
import { TraceViewModel } from './trace';

const sip = (first: string, cseq: string, to = 'sip:1002@home'): string =>
  `${first}\r\nVia: SIP/2.0/UDP x\r\nf: <sip:1001@home>;tag=a\r\nTo: <${to}>\r\nCall-ID: one\r\nCSeq: ${cseq}\r\nContent-Length: 0\r\n\r\n`;
const INVITE = sip('INVITE sip:1002@home SIP/2.0', '1 INVITE');

const message = (number: number, more: Partial<TraceMessage>): TraceMessage => ({
  number: String(number),
  at: String(1700000000000000 + number),
  received: true,
  kind: 'outside',
  name: '',
  local: '192.0.2.1:5060',
  peer: '192.0.2.11:5060',
  transport: 'udp',
  length: 1,
  text: INVITE,
  ...more,
});

const page = (proxy: string, messages: TraceMessage[], more = false) => ({ proxy, messages, last: '9', more });

it('puts what two proxies saw into one ladder (OPS-22)', () => {
  const between = sip('INVITE sip:b SIP/2.0', '1 INVITE');
  const { parties, rungs } = makeLadder([
    page('proxy-2', [
      message(5, { kind: 'proxy', name: 'proxy-1', text: between }),
      message(6, { received: false, peer: '192.0.2.12:5060', text: between }),
      message(7, { peer: '192.0.2.12:5060', text: sip('SIP/2.0 180 Ringing', '1 INVITE') }),
    ]),
    page('proxy-1', [
      message(1, {}),
      message(2, {}),
      message(3, { received: false, kind: 'pair', name: 'node-1' }),
      message(4, { received: false, kind: 'proxy', name: 'proxy-2', text: between }),
    ]),
  ]);
  expect(parties.map(({ name }) => name)).toEqual(['1001', 'proxy-1', 'node-1', 'proxy-2', '1002']);
  expect(rungs.map(({ from, to, label, again }) => `${from}>${to} ${label}${again ? ' again' : ''}`)).toEqual([
    '0>1 INVITE 1',
    '0>1 INVITE 1 again',
    '1>2 INVITE 1',
    '1>3 INVITE 1',
    '3>4 INVITE 1',
    '4>3 180 Ringing, INVITE 1',
  ]);
});

it('takes what is no SIP as it is', () => {
  const { parties, rungs } = makeLadder([page('proxy-1', [message(1, { text: 'garbage', kind: 'trunk', name: 'carrier' }), message(2, { text: '' })])]);
  expect(parties.map(({ name }) => name)).toEqual(['carrier', 'proxy-1']);
  expect(rungs.map(({ label }) => label)).toEqual(['garbage', '']);
});

let api: FakeApi;
let model: TraceViewModel;

async function answer(name: string, answers: unknown[], asked = 1): Promise<void> {
  api.last(name).yes({ asked, answers });
  await settle();
}

beforeEach(() => {
  api = new FakeApi();
  model = new TraceViewModel(api);
  model.open('00c0ffee00000007');
});

it('asks for the dialogs of the call, then for their messages, page by page', async () => {
  const dialogs = [{ sip: 'one' }, { sip: 'two' }];
  await answer('traceDialogs', [{ proxy: 'proxy-1', dialogs }, { proxy: 'proxy-2', dialogs: [{ sip: 'two' }] }], 3);
  expect(model.silent.value).toBe(1);
  expect(api.last('traceMessages').query).toEqual({ calls: ['one', 'two'] });
  await answer('traceMessages', [page('proxy-1', [message(1, {})], true), page('proxy-2', [])], 3);
  expect(api.last('traceMessages').query).toEqual({ calls: ['one', 'two'], proxy: 'proxy-1', after: '9' });
  await answer('traceMessages', [page('proxy-1', [message(2, {})])]);
  expect(model.ladder.value?.rungs).toHaveLength(2);
  model.choose('proxy-1 1');
  expect(model.chosen.value).toBe('proxy-1 1');
  model.choose('proxy-1 1');
  expect(model.chosen.value).toBe('');
});

it('is empty for a call that no proxy remembers', async () => {
  await answer('traceDialogs', [{ proxy: 'proxy-1', dialogs: [] }]);
  expect(model.ladder.value?.rungs).toEqual([]);
});

it('says what is wrong', async () => {
  api.last('traceDialogs').no(503, 'away');
  await settle();
  expect(model.asking.error.value?.sentence).toBe('away');
  expect(model.ladder.value).toBe(null);
});
