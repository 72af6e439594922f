// What a supervisor sees while real SIP phones do things: everything in the live page without touching it, afterwards
// in the history. The stage (stage.py) is at the other end of the socket whose number is in STAGE.
import assert from 'node:assert/strict';
import { launch } from '../web/chromium.mjs';
import { Stage } from './stage.mjs';

const SOON_MS = 1000; // "at once", for a person who looks (WS-1)
const PATIENCE_MS = 10000;

const stage = new Stage();
const { url, user, password } = await stage.about();
const browser = await launch();
let passed = 0;
let failed = 0;

/** Runs `work` with a page that is logged in; a script error fails it too. */
async function test(name, work) {
  const own = await browser.newContext({ ignoreHTTPSErrors: true, locale: 'en-GB', viewport: { width: 1280, height: 800 } });
  const page = await own.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const problems = [];
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('console', (message) => message.text().includes('Content Security Policy') && problems.push(message.text()));
  try {
    await logIn(page);
    await work(page, own);
    assert.deepEqual(problems, []);
    passed += 1;
    console.log(`ok      ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${name}: ${String(error.stack ?? error).slice(0, 1500)}`);
    if (process.env.PICTURES) await page.screenshot({ path: `${process.env.PICTURES}/failed-${failed}.png` });
  } finally {
    await own.close();
  }
}

async function logIn(page) {
  await page.goto(url);
  await page.fill('#user', user);
  await page.fill('#password', password);
  await page.click('button[type=submit]');
  await page.waitForSelector('[data-connection=connected]');
}

/** What the row of a number in the devices table says. */
const device = (page, dn) =>
  page.evaluate((wanted) => {
    const row = [...document.querySelectorAll('.table-devices tbody tr')].find((tr) => tr.querySelector('th')?.textContent === wanted);
    if (!row) return null;
    const [state, , name, peer, since, contact] = [...row.children].map((cell) => cell.textContent.trim());
    return { state, name, peer, since, contact };
  }, dn);

/** What the calls table says, each call as "FROM TO STATE". */
const calls = (page) =>
  page.evaluate(() =>
    [...document.querySelectorAll('.table-calls tbody tr:not(.gap)')].map((row) =>
      [...row.children].slice(0, 3).map((cell) => cell.textContent.trim()).join(' '),
    ),
  );

const history = (page) =>
  page.evaluate(() =>
    [...document.querySelectorAll('.table-history tbody tr:not(.gap)')].map((row) => {
      const [result, started, from, to, waited, talked, cause, node] = [...row.children].map((cell) => cell.textContent.trim());
      return { result, started, from, to, waited, talked, cause, node };
    }),
  );

/** Until `read` gives what `good` likes; else a failure that shows what it gave last. */
async function see(what, read, good, within = SOON_MS) {
  const end = Date.now() + within;
  for (;;) {
    const seen = await read();
    if (good(seen)) return seen;
    if (Date.now() > end) throw new Error(`${what} is not seen within ${within} ms, but ${JSON.stringify(seen)}`);
    await new Promise((done) => setTimeout(done, 10));
  }
}

const seeState = (page, dn, state, peer, within) =>
  see(`${dn} ${state}`, () => device(page, dn), (row) => row?.state === state && (peer === undefined || row.peer === peer), within);
const seeCalls = (page, ...wanted) => see(`calls ${wanted}`, () => calls(page), (seen) => seen.sort().join() === wanted.sort().join());
const seconds = (text) => text.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);

async function lastCall(page, from, to, result, within) {
  await page.click('a[href="#/history"]');
  await page.waitForSelector('.history[data-state=ready]');
  return see(`${from} to ${to} ${result}`, async () => {
    const rows = await history(page);
    if (rows[0]?.result !== result) await page.click('.toolbar > .button');
    return rows;
  }, ([row]) => row?.from === from && row.to === to && row.result === result, within).then(([row]) => row);
}

await test('with no phone registered the live page says how to register one', async (page) => {
  const { sip } = await stage.about();
  await see('the server', () => page.textContent('.first-phone'), (text) => text.includes('127.0.0.1'));
  const said = await page.textContent('.first-phone');
  for (const word of [`127.0.0.1:${sip}`, '1001', 'tandem get dn 1001 --secrets']) assert.ok(said.includes(word), `${word} is not in ${said}`);
});

await test('a phone that registers is there within a second, and gone when it takes it back (LV-1)', async (page) => {
  await seeState(page, '1001', 'Out of service');
  const port = await stage.register('1001');
  const row = await seeState(page, '1001', 'Idle');
  assert.ok(row.contact.includes(`127.0.0.1:${port}`), row.contact);
  assert.ok(seconds(row.since) <= 2, `in state for ${row.since}`);
  assert.equal(await page.textContent('[data-figure=devices] b, [data-figure=devices] strong').catch(() => '1'), '1');
  await stage.register('1001', 0);
  await seeState(page, '1001', 'Out of service');
  assert.equal((await device(page, '1001')).contact, '');
  await page.waitForSelector('.first-phone');
});

await stage.register('1001');
await stage.register('1002');

await test('a call is seen to ring, talk, be held, talk again and end, in two browsers; then it is in the history', async (page, own) => {
  const other = await own.newPage();
  await other.goto(url);
  const both = (look) => Promise.all([page, other].map(look));
  await both((one) => seeState(one, '1002', 'Idle'));
  const call = await stage.dial('1001', '1002');
  await both((one) => seeState(one, '1001', 'Dialling', '1002'));
  await both((one) => seeState(one, '1002', 'Ringing', '1001'));
  await both((one) => seeCalls(one, '1001 1002 Ringing'));
  await stage.pick_up(call);
  await both((one) => seeState(one, '1001', 'Talking', '1002'));
  await both((one) => seeState(one, '1002', 'Talking', '1001'));
  await both((one) => seeCalls(one, '1001 1002 Talking'));
  await stage.offer(call, 'sendonly');
  await both((one) => seeCalls(one, '1001 1002 Held'));
  await both((one) => seeState(one, '1001', 'Held', '1002'));
  await stage.offer(call, 'sendrecv');
  await both((one) => seeCalls(one, '1001 1002 Talking'));
  await both((one) => seeState(one, '1002', 'Talking', '1001'));
  await new Promise((done) => setTimeout(done, 1200));
  assert.equal(await stage.bye(call), 200);
  await both((one) => seeState(one, '1001', 'Idle', ''));
  await both((one) => seeState(one, '1002', 'Idle', ''));
  await both((one) => seeCalls(one));
  for (const one of [page, other]) {
    const row = await lastCall(one, '1001', '1002', 'Answered');
    assert.equal(row.cause, 'normal');
    assert.ok(seconds(row.talked) >= 1 && seconds(row.talked) <= 4, row.talked);
    assert.ok(seconds(row.waited) <= 2, row.waited);
  }
});

await test('busy, rejected, given up and nobody there: each has its result in the history', async (page) => {
  assert.equal(await stage.refuse(await stage.dial('1001', '1002'), 486), 486);
  await lastCall(page, '1001', '1002', 'Busy');
  assert.equal(await stage.refuse(await stage.dial('1002', '1001'), 603), 603);
  await lastCall(page, '1002', '1001', 'Rejected');
  assert.equal(await stage.cancel(await stage.dial('1001', '1002')), 487);
  const row = await lastCall(page, '1001', '1002', 'Abandoned');
  assert.equal(row.talked, '');
  assert.equal(await stage.final(await stage.dial('1001', '1003')), 480);
  await lastCall(page, '1001', '1003', 'No answer');
  await page.click('a[href="#/live"]');
  await seeCalls(page);
});

await test('the history says that there is a newer call, and shows it when it is told to', async (page) => {
  await page.click('a[href="#/history"]');
  await page.waitForSelector('.history[data-state=ready]');
  const before = (await history(page)).length;
  const call = await stage.dial('1002', '1001');
  await stage.pick_up(call);
  await stage.bye(call);
  await page.click('button:has-text("newer call")');
  await lastCall(page, '1002', '1001', 'Answered');
  assert.equal((await history(page)).length, before + 1);
});

await test('a number that is applied appears without a reload, and goes when it is deleted', async (page) => {
  await page.evaluate(() => (window.untouched = true));
  await stage.apply({ dn: [{ number: '2001', name: 'Reception', location: 'home', secret: 'correct-horse-battery' }] });
  const row = await seeState(page, '2001', 'Out of service');
  assert.equal(row.name, 'Reception');
  await stage.delete('dn', '2001');
  await see('2001 gone', () => device(page, '2001'), (found) => found === null);
  assert.equal(await page.evaluate(() => window.untouched), true);
});

await test('a disabled number is out of service at once', async (page) => {
  await stage.apply({ dn: [{ number: '2002', name: 'Door', location: 'home', secret: 'correct-horse-battery' }] });
  await stage.register('2002');
  await seeState(page, '2002', 'Idle');
  await stage.delete('dn', '2002');
  await see('2002 gone', () => device(page, '2002'), (found) => found === null);
});

await test('killed while calls are up and started again: banner, back by itself, phones still there, the call lost', async (page) => {
  await page.evaluate(() => (window.untouched = true));
  const call = await stage.dial('1001', '1002');
  await stage.pick_up(call);
  await seeState(page, '1001', 'Talking', '1002');
  await stage.kill();
  await page.waitForSelector('.banner');
  await page.waitForSelector('.live[data-stale=true]');
  await stage.start();
  await page.waitForSelector('[data-connection=connected], #password', { timeout: 20000 });
  if ((await page.locator('#password').count()) > 0) {
    // Log-ins are not stored: who looks proves again who it is, and is where it was.
    assert.match(await page.textContent('.login-card'), /Your session has ended/);
    await page.fill('#password', password);
    await page.click('button[type=submit]');
    await page.waitForSelector('[data-connection=connected]');
  }
  await page.waitForSelector('.banner', { state: 'detached' });
  await seeState(page, '1001', 'Idle', '', 3000);
  await seeState(page, '1002', 'Idle', '', 3000);
  await seeCalls(page);
  assert.equal(await page.evaluate(() => window.untouched), true, 'the page was loaded anew');
  const row = await lastCall(page, '1001', '1002', 'Lost', 5000);
  assert.equal(row.cause, 'node lost');
  const again = await stage.dial('1002', '1001');
  await stage.pick_up(again);
  await stage.bye(again);
  await lastCall(page, '1002', '1001', 'Answered', 3000);
});

await test('log out ends the live connection, in the other tab too', async (page, own) => {
  const other = await own.newPage();
  const closed = new Promise((done) => other.on('websocket', (socket) => socket.on('close', done)));
  await other.goto(url);
  await other.waitForSelector('[data-connection=connected]');
  await page.click('.person button');
  await page.waitForSelector('#user');
  await closed;
  await other.waitForSelector('#password');
});

await test('wrong passwords: the page says to wait, and the right one is let in afterwards', async (page, own) => {
  await own.clearCookies();
  await page.reload();
  await page.waitForSelector('#user');
  for (let attempt = 0; attempt < 6; attempt += 1) {
    await page.fill('#user', user);
    await page.fill('#password', `wrong ${attempt}`);
    const answered = page.waitForResponse('**/api/login');
    await page.click('button[type=submit]');
    const status = (await answered).status();
    assert.equal(status, attempt < 5 ? 401 : 429);
    await page.waitForSelector('.notice-error');
  }
  await see('the words', () => page.textContent('.notice-error'), (text) => /Too many attempts/.test(text));
  await new Promise((done) => setTimeout(done, 1100));
  await page.fill('#password', password);
  await page.click('button[type=submit]');
  await page.waitForSelector('[data-connection=connected]');
});

await browser.close();
stage.close();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
