import type { Call, CallState, Changes, Contact, Device, DeviceState, Position, ServerMessage, Snapshot } from './messages';

type Fields = Record<string, unknown>;

class Unreadable extends Error {}

function fields(value: unknown): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Unreadable('object expected');
  return value as Fields;
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw new Unreadable('text expected');
  return value;
}

/** A decimal number of up to 64 bits. */
function digits(value: unknown): string {
  const number = text(value);
  if (!/^\d{1,20}$/.test(number)) throw new Unreadable('number expected');
  return number;
}

/** A missing list is an empty one: a change names only what changed. */
function list<T>(value: unknown, each: (item: unknown) => T): T[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new Unreadable('list expected');
  return value.map(each);
}

/** A word of a list that a newer server may have made longer: what we do not know is shown as it is. */
function word<T extends string>(value: unknown): T {
  return text(value) as T;
}

function contact(value: unknown): Contact {
  const from = fields(value);
  return {
    uri: text(from['uri']),
    transport: text(from['transport']),
    proxy: text(from['proxy']),
    expires_at: digits(from['expires_at']),
  };
}

function device(value: unknown): Device {
  const from = fields(value);
  return {
    dn: text(from['dn']),
    name: text(from['name']),
    state: word<DeviceState>(from['state']),
    registered: from['registered'] === true,
    contacts: list(from['contacts'], contact),
    call_ids: list(from['call_ids'], text),
    since: digits(from['since']),
  };
}

function texts(value: unknown): Record<string, string> {
  const from = fields(value);
  return Object.fromEntries(Object.keys(from).map((name) => [name, text(from[name])]));
}

function call(value: unknown): Call {
  const from = fields(value);
  return {
    call_id: text(from['call_id']),
    state: word<CallState>(from['state']),
    from: text(from['from']),
    to: text(from['to']),
    started_at: digits(from['started_at']),
    answered_at: from['answered_at'] == null ? null : digits(from['answered_at']),
    node: text(from['node']),
    location: text(from['location']),
    ...(from['attributes'] === undefined ? {} : { attributes: texts(from['attributes']) }),
  };
}

function position(from: Fields): Position {
  return { epoch: text(from['epoch']), number: digits(from['number']) };
}

function snapshot(from: Fields): Snapshot {
  return { ...position(from), devices: list(from['devices'], device), calls: list(from['calls'], call) };
}

function changes(from: Fields): Changes {
  return {
    number: digits(from['number']),
    devices: list(from['devices'], device),
    calls: list(from['calls'], call),
    devices_gone: list(from['devices_gone'], text),
    calls_gone: list(from['calls_gone'], text),
  };
}

/** Null for what this version cannot read; unknown fields are passed over, so that a newer server may add some. */
export function parseServerMessage(line: string): ServerMessage | null {
  try {
    const from = fields(JSON.parse(line));
    if ('snapshot' in from) return { kind: 'snapshot', body: snapshot(fields(from['snapshot'])) };
    if ('resumed' in from) return { kind: 'resumed', body: position(fields(from['resumed'])) };
    if ('changes' in from) return { kind: 'changes', body: changes(fields(from['changes'])) };
    if ('bye' in from) return { kind: 'bye', reason: text(fields(from['bye'])['reason']) };
    return null;
  } catch (error) {
    if (error instanceof Unreadable || error instanceof SyntaxError) return null;
    throw error;
  }
}
