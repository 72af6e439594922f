// Phones in browsers: JsSIP in Chromium over WebSocket and TLS, with each other and with phones on the desk (VC-1, CM-40).
import assert from 'node:assert/strict';
import { launch } from '../web/chromium.mjs';
import { Relay } from '../web/relay.mjs';
import { Softphone, serve } from './softphone.mjs';
import { Stage } from './stage.mjs';

const PATIENCE_MS = 8000;

const stage = new Stage();
const { wss } = await stage.about();
const page = await serve();
const browser = await launch('--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream', '--allow-loopback-in-peer-connection');
let passed = 0;
let failed = 0;

/** Phones are closed behind each test. */
const open = [];

async function test(name, work) {
  const begun = Date.now();
  try {
    await work();
    passed += 1;
    console.log(`ok      ${name}, ${((Date.now() - begun) / 1000).toFixed(1)} s`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${name}: ${String(error.stack ?? error).slice(0, 2500)}`);
  } finally {
    for (const phone of open.splice(0)) await phone.close();
  }
}

async function phone(number, more = {}) {
  const about = { number, server: wss, ...more };
  about.password ??= await stage.secret(number);
  const made = await Softphone.open(browser, page.url, about);
  open.push(made);
  return made;
}

async function registered(number, more) {
  const made = await phone(number, more);
  assert.equal((await made.next('registered')).status, 200);
  return made;
}

/** Until `read` gives what `good` likes. */
async function see(what, read, good) {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const seen = await read();
    if (good(seen)) return seen;
    if (Date.now() > end) throw new Error(`${what} is not seen, but ${JSON.stringify(seen)}`);
    await new Promise((done) => setTimeout(done, 20));
  }
}

/** The history has one row more than `before`, and it is closed with this. */
async function stored(before, from, to, result, cause) {
  const rows = await see('the row', () => stage.rows(), (all) => all.length > before && all.every((row) => row.ended_at));
  const { from_dn, to_dn, result: how, cause: why } = rows[before];
  assert.deepEqual([rows.length, from_dn, to_dn, how, why], [before + 1, from, to, result, cause]);
}

const count = async () => (await stage.rows()).length;

async function talking(caller, called, number) {
  await caller.do('call', number);
  await called.next('called');
  assert.equal((await caller.next('progress')).status, 180);
  await called.do('answer');
  for (const one of [caller, called]) await one.next('confirmed');
}

async function hearsMore(one) {
  const before = await one.do('received');
  await see('sound', () => one.do('received'), (now) => now > before);
}

await test('one registers, is seen as a phone by WSS, registers again, and leaves', async () => {
  const one = await registered('1001');
  const [row, ...others] = await stage.registrations('1001');
  assert.deepEqual(others, []);
  assert.equal(row.transport, 'wss');
  assert.match(row.user_agent, /JsSIP/);
  await one.do('register');
  await see('a later end', () => stage.registrations('1001'), ([now]) => now.expires_at >= row.expires_at);
  assert.equal((await stage.registrations('1001')).length, 1);
  await one.do('unregister', false);
  await one.next('unregistered');
  assert.deepEqual(await stage.registrations('1001'), []);
});

await test('a wrong password is refused, once and for all (SEC-4)', async () => {
  const one = await phone('1003', { password: 'not-the-secret' });
  assert.equal((await one.next('registrationFailed')).status, 403);
  assert.deepEqual(await stage.registrations('1003'), []);
});

await test('two call: ringing, answer, sound, hold and resume by either, keys by INFO, hang-up; the history knows (CM-40)', async () => {
  const before = await count();
  const [one, other] = [await registered('1001'), await registered('1002')];
  await talking(one, other, '1002');
  for (const each of [one, other]) await hearsMore(each);
  for (const [holder, held] of [[one, other], [other, one]]) {
    for (const what of ['hold', 'unhold']) {
      await holder.do(what);
      for (const [each, originator] of [[holder, 'local'], [held, 'remote']]) assert.equal((await each.next(what)).originator, originator);
    }
    await hearsMore(held);
  }
  await one.say('sendDTMF', '5');
  await see('the key', () => other.next('newDTMF'), ({ originator, tone }) => originator === 'remote' && tone === '5');
  await one.say('terminate');
  assert.equal((await other.next('ended')).originator, 'remote');
  await stored(before, '1001', '1002', 'answered', 'normal');
});

await test('the one who was called hangs up, refuses; the caller gives up', async () => {
  const [one, other] = [await registered('1001'), await registered('1002')];
  let before = await count();
  await talking(one, other, '1002');
  await other.say('terminate');
  assert.equal((await one.next('ended')).originator, 'remote');
  await stored(before++, '1001', '1002', 'answered', 'normal');
  await one.do('call', '1002');
  await other.next('called');
  await other.say('terminate', { status_code: 486 });
  assert.equal((await one.next('failed')).status, 486);
  await stored(before++, '1001', '1002', 'busy', 'busy');
  await one.do('call', '1002');
  await other.next('called');
  await one.next('progress');
  await one.say('terminate');
  const gone = await other.next('failed');
  assert.deepEqual([gone.originator, gone.cause], ['remote', 'Canceled']);
  await stored(before, '1001', '1002', 'abandoned', 'given up by the caller');
});

const mirrored = (body) => body.replace('a=setup:actpass', 'a=setup:active').replace('a=sendonly', 'a=recvonly');

await test('a phone on the desk (UDP) is called and calls; what the browser describes travels whole', async () => {
  const one = await registered('1001');
  await stage.register('1002');
  let before = await count();
  await one.do('call', '1002');
  const { body } = await stage.take('1002');
  assert.equal(body, await one.description());
  await stage.accept('1002', mirrored(body));
  await one.next('confirmed');
  const agreed = one.do('hold');
  const held = await stage.offered('1002');
  assert.match(held, /a=sendonly/);
  await stage.agree('1002', mirrored(held));
  await agreed;
  const key = stage.follow('1002', 'INFO');
  await one.say('sendDTMF', '#');
  assert.match(await key, /Signal=#/);
  assert.equal(await stage.bye_of('1002'), 200);
  assert.equal((await one.next('ended')).originator, 'remote');
  await stored(before++, '1001', '1002', 'answered', 'normal');

  const call = await stage.dial_offering('1002', '1001', body);
  assert.equal((await one.next('called')).from, '1002');
  await one.do('answer');
  assert.match(await stage.answered(call), /a=fingerprint:/);
  await one.next('confirmed');
  await one.say('terminate');
  await stage.follow('1002', 'BYE');
  await stored(before, '1002', '1001', 'answered', 'normal');
});

await test('the socket is cut: not reached at once, back by itself, one contact, and called again', async () => {
  const door = new Relay(new URL(wss));
  await door.open();
  const [one, other] = [await registered('1003', { server: door.url }), await registered('1004')];
  await talking(other, one, '1003');
  await door.shut();
  await one.next('disconnected');
  await door.open();
  await one.next('registered');
  assert.equal((await stage.registrations('1003')).length, 1);
  await other.say('terminate'); // the call has outlived it
  assert.equal((await one.next('ended')).originator, 'remote');
  await talking(other, one, '1003');
  await one.say('terminate');
  await other.next('ended');
  await door.shut();
  await one.next('disconnected');
  await other.do('call', '1003');
  assert.equal((await other.next('failed')).status, 480);
});

await test('the program is killed and started: phones come back by themselves, and call', async () => {
  const [one, other] = [await registered('1005'), await registered('1006')];
  await stage.kill();
  for (const each of [one, other]) await each.next('disconnected');
  await stage.start();
  for (const each of [one, other]) await each.next('registered');
  for (const number of ['1005', '1006']) assert.equal((await stage.registrations(number)).length, 1);
  await talking(one, other, '1006');
  await one.say('terminate');
  await other.next('ended');
});

await browser.close();
page.close();
stage.close();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
