import { expect, it } from 'vitest';
import { call, device } from '../testing/fakes';
import { parseServerMessage } from './parse';

const read = (value: unknown) => parseServerMessage(JSON.stringify(value));

it('reads each kind of message and passes unknown fields over', () => {
  expect(read({ snapshot: { epoch: 'e', number: '1', devices: [{ ...device('1'), colour: 'red' }], calls: [call('c', '1', '2')] } })).toEqual({
    kind: 'snapshot',
    body: { epoch: 'e', number: '1', devices: [device('1')], calls: [call('c', '1', '2')] },
  });
  expect(read({ resumed: { epoch: 'e', number: '1' } })?.kind).toBe('resumed');
  expect(read({ bye: { reason: 'shutdown' } })).toEqual({ kind: 'bye', reason: 'shutdown' });
});

it('a change names only what changed', () => {
  expect(read({ changes: { number: '2' } })).toEqual({
    kind: 'changes',
    body: { number: '2', devices: [], calls: [], devices_gone: [], calls_gone: [] },
  });
});

it.each([
  '',
  '[]',
  'null',
  '{"changes":null}',
  '{"changes":{"number":2}}',
  '{"changes":{"number":"-2"}}',
  '{"changes":{"number":"2","calls":{}}}',
  '{"changes":{"number":"2","devices":[{"dn":"1"}]}}',
  '{"snapshot":{"number":"1"}}',
  '{"bye":{}}',
  '{"something":{}}',
])('%s is not readable', (line) => {
  expect(parseServerMessage(line)).toBeNull();
});

it('a state that we do not know is kept as it is', () => {
  expect(read({ changes: { number: '2', devices: [{ ...device('1'), state: 'dancing' }] } })).toMatchObject({
    body: { devices: [{ state: 'dancing' }] },
  });
});
