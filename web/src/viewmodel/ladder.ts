import type { TraceMessage, TraceMessages } from '../model/trace-messages';

/** A column: one of our parts by its name, others by their address. */
export interface Party {
  name: string;
  address: string;
}

export interface Rung {
  key: string;
  /** µs since the epoch, as text. */
  at: string;
  from: number;
  to: number;
  label: string;
  /** The same was sent there before. */
  again: boolean;
  text: string;
}

export interface Ladder {
  parties: readonly Party[];
  rungs: readonly Rung[];
}

interface Seen extends TraceMessage {
  proxy: string;
}

interface Sip {
  label: string;
  request: boolean;
  from: string;
  to: string;
  begins: boolean;
}

/** Longer reasons are left out: the number says it. */
const STATUS_MOST = 16;
const COMPACT: Record<string, string> = { f: 'from', t: 'to', i: 'call-id', c: 'content-type' };

function readSip(text: string): Sip {
  const [head = '', body = ''] = text.split('\r\n\r\n');
  const [first = '', ...lines] = head.split('\r\n');
  const fields = new Map<string, string>();
  for (const line of lines) {
    const [name = '', ...value] = line.split(':');
    const long = name.trim().toLowerCase();
    const key = COMPACT[long] ?? long;
    if (!fields.has(key)) fields.set(key, value.join(':').trim());
  }
  const [cseq = '', method = ''] = (fields.get('cseq') ?? '').split(/\s+/);
  const request = !first.startsWith('SIP/2.0 ');
  const described = body !== '' && (fields.get('content-type') ?? '').startsWith('application/sdp') ? ' SDP' : '';
  const to = fields.get('to') ?? '';
  const status = first.slice('SIP/2.0 '.length);
  const what = request ? `${method} ${cseq}` : `${status.length > STATUS_MOST ? status.slice(0, 3) : status}, ${method} ${cseq}`;
  return { label: method === '' ? (first.split(' ')[0] ?? '') : what + described, request, from: fields.get('from') ?? '', to, begins: request && !to.includes(';tag=') };
}

const userOf = (value: string): string => /sips?:([^@;>]+)@/.exec(value)?.[1] ?? '';

/** Both saw what went between two proxies: who has sent it counts. */
function once(all: readonly Seen[]): Seen[] {
  const sent = all.filter(({ kind, received }) => kind === 'proxy' && !received);
  return all.filter((one) => {
    if (one.kind !== 'proxy' || !one.received) return true;
    const at = sent.findIndex((other) => other.proxy === one.name && other.name === one.proxy && other.text === one.text);
    if (at >= 0) sent.splice(at, 1);
    return at < 0;
  });
}

function byTime(one: Seen, other: Seen): number {
  if (one.at !== other.at) return BigInt(one.at) < BigInt(other.at) ? -1 : 1;
  if (one.proxy !== other.proxy) return one.proxy < other.proxy ? -1 : 1;
  return Number(one.number) - Number(other.number);
}

/** The messages of all proxies in order of time, and who speaks, from left to right as they begin. */
export function makeLadder(pages: readonly TraceMessages[]): Ladder {
  const parties = new Map<string, Party & { place: number }>();
  const before = new Set<string>();
  const party = (key: string, name: string, address: string): Party & { place: number } => {
    const known = parties.get(key) ?? { name, address, place: parties.size };
    parties.set(key, known);
    return known;
  };
  const all = pages.flatMap(({ proxy, messages }) => messages.map((message) => ({ ...message, proxy })));
  const rungs = once(all)
    .sort(byTime)
    .map((seen): Rung => {
      const sip = readSip(seen.text);
      const inside = seen.kind === 'pair' || seen.kind === 'proxy';
      const own = (): Party & { place: number } => party(seen.proxy, seen.proxy, '');
      const first = seen.received ? null : own(); // who sends stands on the left
      const peer = inside ? party(seen.name, seen.name, '') : party(`${seen.peer} ${seen.transport}`, seen.name, seen.peer);
      const proxy = first ?? own();
      if (seen.kind === 'outside' && peer.name === '' && sip.begins) peer.name = userOf(seen.received ? sip.from : sip.to);
      const [from, to] = seen.received ? [peer.place, proxy.place] : [proxy.place, peer.place];
      const mark = `${from} ${to} ${seen.text}`;
      const again = before.has(mark);
      before.add(mark);
      return { key: `${seen.proxy} ${seen.number}`, at: seen.at, from, to, label: sip.label, again, text: seen.text };
    });
  return { parties: [...parties.values()].map(({ name, address }) => ({ name: name || address, address: name === '' ? '' : address })), rungs };
}
