import { expect, it } from 'vitest';
import type { Instance, Status } from '../model/messages';
import { sipServer } from './about';

const status = (...instances: Instance[]): Status => ({ version: '1', location: 'home', instances });
const proxy = (...listen: string[]): Instance => ({ role: 'proxy', name: 'proxy-1', health: 'ok', listen });

it('knows where phones register', () => {
  const node = { role: 'node', name: 'node-1a', health: 'ok' };
  expect(sipServer(status(node, proxy('udp:127.0.0.1:5070', 'tcp:127.0.0.1:5071')), 'here')).toBe('127.0.0.1:5070');
  expect(sipServer(status(proxy('udp:0.0.0.0:5060')), '192.0.2.1')).toBe('192.0.2.1:5060');
  expect(sipServer(status(proxy('tcp:[::]:5060')), 'here')).toBe('here:5060');
  expect(sipServer(status(proxy('udp:[2001:db8::1]:5060')), 'here')).toBe('[2001:db8::1]:5060');
  expect(sipServer(status(node, proxy()), 'here')).toBeNull();
  expect(sipServer(null, 'here')).toBeNull();
});
