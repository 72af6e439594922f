// 200 browsers follow the live view while 50 calls are made: none misses a number, all end with the same, which is what
// a snapshot says; and what they took is given back when they leave. No time is asserted here.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { request } from 'node:https';
import { readFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { Stage } from './stage.mjs';

const BROWSERS = 200;
const CALLS = 50;
const SETTLED_MS = 400;

const stage = new Stage();
const { url, user, password, authority } = await stage.about();
const base = { ca: readFileSync(authority), agent: false };

function ask(path, options, body) {
  return new Promise((done, fail) => {
    const asked = request(new URL(path, url), { ...base, ...options }, (answer) => {
      const parts = [];
      answer.on('data', (part) => parts.push(part)).on('end', () => done({ answer, text: Buffer.concat(parts).toString() }));
    });
    asked.on('error', fail).end(body);
  });
}

async function logIn() {
  const { answer } = await ask('api/login', { method: 'POST', headers: { 'X-Tandem-Request': '1', 'Content-Type': 'application/json' } }, JSON.stringify({ user, password }));
  assert.ok(answer.statusCode < 300, `log-in: ${answer.statusCode}`);
  return answer.headers['set-cookie'][0].split(';')[0];
}

/** A browser as far as the live view goes (RFC 6455, the client's half). */
class Follower {
  devices = new Map();
  calls = new Map();
  number = null;
  wrong = [];
  seen = new Set();
  #bytes = Buffer.alloc(0);
  #socket = null;

  open(cookie) {
    const headers = { Cookie: cookie, Origin: new URL(url).origin, Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': randomBytes(16).toString('base64'), 'Sec-WebSocket-Protocol': 'tandem.v1' };
    return new Promise((done, fail) => {
      const asked = request(new URL('api/ws', url), { ...base, headers });
      asked.on('error', fail).on('response', (answer) => fail(new Error(`no WebSocket: ${answer.statusCode}`)));
      asked.on('upgrade', (_, socket, head) => {
        this.#socket = socket;
        socket.on('error', (error) => this.wrong.push(String(error)));
        socket.on('data', (bytes) => this.#read(bytes));
        this.ready = done;
        this.#send(1, Buffer.from(JSON.stringify({ hello: { resume: null, watch: ['devices', 'calls'] } })));
        if (head.length > 0) this.#read(head);
      });
      asked.end();
    });
  }

  leave() {
    return new Promise((done) => this.#socket.on('close', done).destroy());
  }

  /** Everything it shows, in one word. */
  get shown() {
    const sorted = (map) => [...map].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);
    return createHash('sha256').update(JSON.stringify([this.number, sorted(this.devices), sorted(this.calls)])).digest('hex');
  }

  #send(opcode, payload) {
    assert.ok(payload.length < 126);
    const mask = randomBytes(4);
    this.#socket.write(Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | payload.length]), mask, payload.map((byte, at) => byte ^ mask[at & 3])]));
  }

  #read(bytes) {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    for (;;) {
      const { length } = this.#bytes;
      if (length < 2) return;
      let size = this.#bytes[1] & 127;
      let at = 2;
      if (size === 126) [size, at] = length < 4 ? [Infinity, 4] : [this.#bytes.readUInt16BE(2), 4];
      else if (size === 127) [size, at] = length < 10 ? [Infinity, 10] : [Number(this.#bytes.readBigUInt64BE(2)), 10];
      if (length < at + size) return;
      const opcode = this.#bytes[0] & 15;
      const payload = this.#bytes.subarray(at, at + size);
      this.#bytes = this.#bytes.subarray(at + size);
      if (opcode === 1) this.#message(JSON.parse(payload.toString()));
      else if (opcode === 9) this.#send(10, payload);
      else this.wrong.push(`frame ${opcode}`);
    }
  }

  #call(call) {
    this.seen.add(call.call_id);
    this.calls.set(call.call_id, call);
  }

  #message({ snapshot, changes, bye }) {
    if (bye) this.wrong.push(`bye ${bye.reason}`);
    if (snapshot) {
      if (this.number !== null) this.wrong.push('a second snapshot');
      this.number = snapshot.number;
      for (const device of snapshot.devices) this.devices.set(device.dn, device);
      for (const call of snapshot.calls) this.#call(call);
      this.ready();
    } else if (changes) {
      if (BigInt(changes.number) !== BigInt(this.number) + 1n) this.wrong.push(`${changes.number} after ${this.number}`);
      this.number = changes.number;
      for (const device of changes.devices) this.devices.set(device.dn, device);
      for (const call of changes.calls) this.#call(call);
      for (const id of changes.calls_gone) if (!this.calls.delete(id)) this.wrong.push(`${id} is gone but was not there`);
      for (const dn of changes.devices_gone) this.devices.delete(dn);
    }
  }
}

const cookie = await logIn();
const idle = (ms) => new Promise((done) => setTimeout(done, ms));

/** All follow, calls are made, all are asked, all leave. */
async function round(count) {
  const followers = Array.from({ length: BROWSERS }, () => new Follower());
  for (let first = 0; first < BROWSERS; first += 20) await Promise.all(followers.slice(first, first + 20).map((one) => one.open(cookie)));
  for (let made = 0; made < count; made += 1) {
    const call = await stage.dial('1001', '1002');
    if (made % 5 === 4) {
      await stage.refuse(call, 486);
    } else {
      await stage.pick_up(call);
      if (made % 5 === 0) await stage.offer(call, 'sendonly');
      await stage.bye(call);
    }
  }
  await idle(SETTLED_MS);
  const late = new Follower();
  await late.open(cookie);
  const wrong = followers.flatMap((one) => one.wrong);
  assert.deepEqual(wrong.slice(0, 5), [], `${wrong.length} surprises`);
  assert.deepEqual([...new Set(followers.map((one) => one.shown))], [late.shown], 'not all show what the snapshot says');
  assert.equal(late.calls.size, 0);
  assert.deepEqual([...new Set(followers.map((one) => one.seen.size))], [count], 'not every call was told');
  const most = await stage.resident();
  await Promise.all([...followers, late].map((one) => one.leave()));
  await idle(SETTLED_MS);
  return most;
}

let failed = 0;
try {
  await stage.register('1001');
  await stage.register('1002');
  const before = await stage.resident();
  const first = await round(CALLS);
  const after = await stage.resident();
  const second = await round(5);
  await round(5);
  await round(5);
  const last = await stage.resident();
  console.log(`many browsers: ${before} KiB before, ${first} with ${BROWSERS} of them, ${after} after; then ${second} and ${last}; ${await stage.processor()} s of processor`);
  // What a round leaves (the allocator keeps some, the ring of changes fills) must not grow with the rounds.
  assert.ok(last < after + (first - before) / 4 + 1024, 'memory is not given back');
  const connections = await stage.connections();
  assert.ok(connections < 10, `${connections} connections are still open`);
  console.log('ok      200 browsers follow 50 calls without a gap, and their memory comes back');
} catch (error) {
  failed = 1;
  console.log(`FAILED  200 browsers follow 50 calls: ${String(error.stack ?? error).slice(0, 1500)}`);
}
stage.close();
console.log(`${1 - failed} passed, ${failed} failed`);
process.exit(failed);
