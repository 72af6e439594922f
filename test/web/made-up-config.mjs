// Configuration, members and alarms of the made-up contact centre: as much of the contract as the pages use.
import { micros } from './made-up.mjs';

const field = (name, type, more = {}) => ({
  name,
  type,
  required: false,
  list: false,
  secret: false,
  at_start: false,
  minimum: 0,
  maximum: 64,
  help: `The ${name.replace('_', ' ')} of it.`,
  ...more,
});

const KINDS = [
  {
    name: 'location',
    plural: 'locations',
    help: 'A site: phones register there, applications run there.',
    fields: [field('name', 'name', { required: true, minimum: 1, maximum: 32 }), field('display_name', 'text', { default: '' }), field('sha256', 'flag', { default: false })],
  },
  {
    name: 'dn',
    plural: 'DNs',
    help: 'A directory number: what can call and be called.',
    fields: [
      field('number', 'dial', { required: true, minimum: 1, maximum: 32 }),
      field('name', 'text', { default: '' }),
      field('location', 'reference', { required: true, refers: 'location', minimum: 1, maximum: 32 }),
      field('secret', 'text', { secret: true, minimum: 8 }),
      field('disabled', 'flag', { default: false }),
    ],
  },
  {
    name: 'application',
    plural: 'applications',
    help: 'One running instance of a role, and its options.',
    fields: [
      field('name', 'name', { required: true, minimum: 1, maximum: 32 }),
      field('role', 'choice', { required: true, at_start: true, words: ['proxy', 'node', 'session'] }),
      field('pair', 'name', { required: true, at_start: true, minimum: 1, maximum: 32, only: 'node' }),
      field('listen', 'endpoint', { list: true, at_start: true, maximum: 128, only: 'proxy session' }),
    ],
  },
];

export class MadeUpConfig {
  constructor({ empty }) {
    this.objects = new Map(KINDS.map(({ name }) => [name, new Map()]));
    this.transactions = [];
    this.members = empty ? [] : [this.member('host-1', 'trusted'), this.member('host-2', 'new')];
    this.alarms = empty ? [] : [this.alarm()];
    this.put('location', { name: 'home', display_name: 'Head office', sha256: false });
    this.put('application', { name: 'node-1a', role: 'node', pair: 'node-1' });
    this.put('application', { name: 'proxy-1', role: 'proxy', listen: ['udp:127.0.0.1:5060', 'tcp:127.0.0.1:5060'] });
    for (let at = 0; at < (empty ? 0 : 240); at += 1) this.put('dn', { number: String(1001 + at), name: `Desk ${at + 1}`, location: 'home', disabled: false });
  }

  member(name, state) {
    const trusted = state === 'trusted';
    return {
      name,
      location: 'home',
      state,
      address: '192.0.2.7',
      fingerprint: '5f1d0c5b1f2f7d0e4a7c9b8d6e5f4a3b2c1d0e9f8a7b6c5d4e3f2a1b0c9d8e7f',
      instance_id: '4f6b2a9d1c3e5f708192a3b4c5d6e7f8',
      requested_at: Number(micros(Date.now() - 60000)),
      ...(trusted && { ends_at: Number(micros(Date.now() + 80 * 86400000)) }),
    };
  }

  alarm() {
    return {
      id: 7,
      alarm: 'pair-alone',
      severity: 'major',
      object: 'node-2',
      text: 'has no backup: the next failure loses its calls',
      advice: 'Start the other member of the pair.',
      raised_at: micros(Date.now() - 95000),
    };
  }

  key(kind) {
    return KINDS.find(({ name }) => name === kind).fields[0].name;
  }

  put(kind, object) {
    const name = object[this.key(kind)];
    const version = (this.objects.get(kind).get(name)?.version ?? 0) + 1;
    this.objects.get(kind).set(name, { ...object, version });
    return version;
  }

  page(kind, query) {
    const wanted = query.get('q') ?? '';
    const after = query.get('after') ?? '';
    const limit = Number(query.get('limit') ?? 100);
    const all = [...this.objects.get(kind).entries()]
      .filter(([name, object]) => name > after && JSON.stringify(object).toLowerCase().includes(wanted.toLowerCase()))
      .sort(([one], [other]) => (one < other ? -1 : 1));
    const shown = all.slice(0, limit);
    return { kind, objects: shown.map(([, object]) => object), ...(all.length > limit && { next: shown.at(-1)[0] }) };
  }

  users(kind, name) {
    if (kind !== 'location') return [];
    return [...this.objects.get('dn').values()].filter(({ location }) => location === name).slice(0, 20).map(({ number }) => ({ kind: 'dn', name: number }));
  }

  /** The transaction, or what is wrong: [status, sentence, path]. */
  change({ changes, comment }) {
    const made = [];
    for (const [at, { action, kind, name, object, version }] of changes.entries()) {
      const before = this.objects.get(kind).get(name) ?? null;
      if ((before?.version ?? 0) !== version) return [409, `${kind} ${name} was changed by somebody else meanwhile`, `/changes/${at}/version`];
      if (action === 'put' && kind === 'dn' && !this.objects.get('location').has(object.location))
        return [400, `there is no location ${object.location}; create that first`, `/changes/${at}/object/location`];
      const users = action === 'delete' ? this.users(kind, name) : [];
      if (users.length > 0) return [409, `is used by dn ${users[0].name}; change them first`, `/changes/${at}`];
      made.push({ kind, name, action: action === 'delete' ? 'delete' : before ? 'change' : 'create', before, after: action === 'delete' ? null : object, version: version + 1 });
    }
    for (const one of made) {
      if (one.action === 'delete') this.objects.get(one.kind).delete(one.name);
      else this.put(one.kind, one.after);
    }
    const transaction = { number: this.transactions.length + 1, at: micros(Date.now()), by: 'supervisor', comment, changes: made };
    this.transactions.unshift(transaction);
    return transaction;
  }

  undo(number) {
    const found = this.transactions.find((one) => one.number === number);
    if (!found) return [404, 'there is no such change', ''];
    const changes = found.changes.map(({ kind, name, before }) => ({
      kind,
      name,
      action: before ? 'put' : 'delete',
      object: before ?? undefined,
      version: this.objects.get(kind).get(name)?.version ?? 0,
    }));
    return this.change({ changes, comment: `undo of ${number}` });
  }

  /** The answer to a request, as [status, body]; undefined: it is about something else. */
  answer(method, path, query, body) {
    const [area, kind, name, more] = path.split('/').map(decodeURIComponent);
    if (area === 'config' && kind === undefined) return [200, { kinds: KINDS }];
    if (area === 'config' && !this.objects.has(kind)) return [404, { error: { symbol: 'MISSING', sentence: 'there is no such kind' } }];
    if (area === 'config' && name === undefined) return [200, this.page(kind, query)];
    if (area === 'config' && more === 'users') return [200, { users: this.users(kind, name) }];
    if (area === 'config') {
      const object = this.objects.get(kind).get(name);
      return object ? [200, object] : [404, { error: { symbol: 'MISSING', sentence: 'there is no such object' } }];
    }
    if (area === 'changes' && method === 'GET') {
      const of = query.get('name');
      return [200, { changes: this.transactions.filter(({ changes }) => of === null || changes.some((one) => one.name === of)) }];
    }
    if (area === 'changes') {
      const made = name === 'undo' ? this.undo(Number(kind)) : this.change(body);
      if (!Array.isArray(made)) return [200, made];
      return [made[0], { error: { symbol: 'CONFLICT', sentence: made[1], path: made[2] } }];
    }
    return this.act(area, kind, name, method);
  }

  act(area, kind, name, method) {
    if (area === 'members' && method === 'GET') return [200, { members: this.members }];
    if (area === 'members' && name === 'code') return [200, { name: kind, code: 'HJ4K-9WPQ-T2XM', code_ends_at: Number(micros(Date.now() + 3600000)) }];
    if (area === 'members') {
      this.members = this.members.map((one) => (one.name === kind ? this.member(kind, name === 'trust' ? 'trusted' : 'revoked') : one));
      return [200, {}];
    }
    if (area === 'alarms' && method === 'GET') return [200, { alarms: this.alarms }];
    if (area === 'alarms') {
      this.alarms = this.alarms.map((one) => (String(one.id) === kind ? { ...one, acknowledged_at: micros(Date.now()), acknowledged_by: 'supervisor' } : one));
      return [200, {}];
    }
    return undefined;
  }
}
