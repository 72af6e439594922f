// The application in Chromium, against whatever answers at TANDEM_URL: a running platform or the development server.
//   TANDEM_URL=https://127.0.0.1:8443/ TANDEM_USER=supervisor TANDEM_PASSWORD=... node test/web/browser.mjs
// TANDEM_EXPECT_DEVICE: a number that must be among the devices (default: any row, or the empty state).
// One line per test; the last line is "N passed, M failed".
import assert from 'node:assert/strict';
import { launch } from './chromium.mjs';
import { Relay } from './relay.mjs';

const BASE = new URL(process.env.TANDEM_URL ?? 'http://127.0.0.1:8480/');
const USER = process.env.TANDEM_USER ?? 'supervisor';
const PASSWORD = process.env.TANDEM_PASSWORD ?? 'tandem';
const DEVICE = process.env.TANDEM_EXPECT_DEVICE;
const PATIENCE_MS = 10000;

const browser = await launch();
const context = () => browser.newContext({ ignoreHTTPSErrors: true, locale: 'en-GB', viewport: { width: 1280, height: 800 } });
let passed = 0;
let failed = 0;

/** Runs `work` on a page of its own; a script error or a violated content policy fails it too. */
async function test(name, work) {
  const own = await context();
  const page = await own.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const problems = [];
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('console', (message) => message.text().includes('Content Security Policy') && problems.push(message.text()));
  try {
    await work(page, own);
    assert.deepEqual(problems, []);
    passed += 1;
    console.log(`ok      ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${name}: ${String(error.message ?? error).replace(/\s+/g, ' ').slice(0, 300)}`);
  } finally {
    await own.close();
  }
}

async function fillIn(page, password = PASSWORD) {
  await page.waitForSelector('#user');
  await page.fill('#user', USER);
  await page.fill('#password', password);
  await page.click('button[type=submit]');
}

async function login(page, url = BASE.href) {
  await page.goto(url);
  await fillIn(page);
  await connected(page);
}

const connected = (page) => page.waitForSelector('[data-connection=connected]');
/** The first snapshot is in the tables. */
const filled = (page) => page.waitForSelector('.panels[aria-busy=false]');
const focused = (page) => page.evaluate(() => document.activeElement?.id ?? '');
const at = (hash) => new URL(hash, BASE).href;

await test('the page is served with a policy that allows only itself', async (page) => {
  const answer = await page.goto(BASE.href);
  assert.match(answer.headers()['content-security-policy'] ?? '', /default-src 'self'/);
  await page.waitForSelector('#user');
  const foreign = await page.evaluate(() => performance.getEntriesByType('resource').filter(({ name }) => !name.startsWith(location.origin)));
  assert.deepEqual(foreign, []);
  assert.equal(await page.locator('script:not([src]), style, [style]').count(), 0);
});

await test('log in shows the live page', async (page) => {
  await login(page);
  assert.match(page.url(), /#\/live$|\/$/);
  assert.equal(await page.title(), 'Live – Tandem');
  const cookies = await page.context().cookies();
  const session = cookies.find(({ name }) => name === 'tandem_session');
  assert.ok(session, 'no session cookie');
  assert.equal(session.httpOnly, true);
  assert.equal(session.sameSite, 'Strict');
  if (BASE.protocol === 'https:') assert.equal(session.secure, true);
});

await test('a wrong password is refused in words, and the focus is where to type', async (page) => {
  await page.goto(BASE.href);
  await fillIn(page, `${PASSWORD}-wrong`);
  await page.waitForSelector('[role=alert] .notice-error');
  assert.match(await page.textContent('.notice-error'), /User name or password is wrong/);
  assert.equal(await focused(page), 'password');
  assert.equal(await page.inputValue('#password'), '');
  assert.equal(await page.inputValue('#user'), USER);
  await page.fill('#password', PASSWORD);
  await page.keyboard.press('Enter');
  await connected(page);
});

await test('by keyboard alone: log in, change the page, filter, log out', async (page) => {
  await page.goto(BASE.href);
  await page.waitForSelector('#user:focus');
  await page.keyboard.type(USER);
  await page.keyboard.press('Tab');
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press('Enter');
  await connected(page);
  await page.keyboard.press('Alt+2');
  await page.waitForSelector('.history');
  await page.keyboard.press('Alt+1');
  await page.waitForSelector('.live');
  await page.keyboard.press('/');
  await page.keyboard.type('no such device');
  await page.waitForFunction(() => document.querySelectorAll('.table-devices tbody tr:not(.gap)').length === 0);
  await page.keyboard.press('Escape');
  assert.equal(await page.inputValue('.filter input'), '');
  for (let step = 0; step < 60; step += 1) {
    if (await page.evaluate(() => document.activeElement?.matches('.person button') ?? false)) break;
    await page.keyboard.press('Shift+Tab');
  }
  await page.keyboard.press('Enter');
  await page.waitForSelector('#user');
});

await test('the live page shows devices and counts them', async (page) => {
  await login(page);
  await filled(page);
  const total = Number((await page.textContent('[data-figure=devices] small')).replace(/\D/g, ''));
  if (total === 0) {
    assert.match(await page.textContent('.table-devices'), /tandem apply/);
    assert.equal(DEVICE, undefined, `device ${DEVICE} is missing`);
    return;
  }
  await page.waitForSelector('.table-devices tbody th');
  const rows = Number(await page.getAttribute('.table-devices table', 'aria-rowcount')) - 1;
  assert.equal(rows, total);
  if (DEVICE !== undefined) {
    await page.fill('.filter input', DEVICE);
    await page.waitForFunction((dn) => [...document.querySelectorAll('.table-devices tbody th')].some((cell) => cell.textContent === dn), DEVICE);
  }
});

await test('a device is opened by keyboard, Escape goes back to its row', async (page) => {
  await login(page);
  await filled(page);
  const button = page.locator('.table-devices tbody button').first();
  if ((await button.count()) === 0) return;
  const dn = await button.textContent();
  await button.focus();
  await page.keyboard.press('Enter');
  await page.waitForSelector('.detail:focus');
  assert.ok((await page.textContent('#detail-title')).startsWith(dn));
  await page.keyboard.press('Escape');
  await page.waitForSelector('.detail', { state: 'detached' });
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), dn);
});

await test('times in state tick', async (page) => {
  await login(page);
  await filled(page);
  if ((await page.locator('.table-devices .time').count()) === 0) return;
  const first = await page.textContent('.table-devices .time');
  await page.waitForFunction((before) => document.querySelector('.table-devices .time')?.textContent !== before, first);
});

await test('registrations are listed and searched (VC-2)', async (page) => {
  await login(page);
  await page.click('a[href="#/registrations"]');
  await page.waitForSelector('.table-registrations');
  if (BASE.protocol === 'http:') {
    // the development server
    await page.waitForSelector('.bans'); // SEC-6: who is shut out stands there, too
    assert.match(await page.locator('.bans tbody tr').first().innerText(), /198\.51\.100\.23/);
  }
  await page.fill('.filter input', 'no such phone');
  await page.waitForFunction(
    () =>
      document.querySelector('.registrations .empty') !== null &&
      document.querySelector('.table-registrations tbody tr:not(.gap) .dn') === null,
  );
  assert.equal(await page.locator('.notice-error').count(), 0);
});

await test('the messages of a call are a ladder (OPS-22)', async (page) => {
  await login(page);
  await page.goto(at('#/history'));
  await page.waitForSelector('.history[data-state=ready]');
  const link = page.locator('.table-history a.trace-link').first();
  if ((await link.count()) === 0) return;
  await link.click();
  await page.waitForSelector('.trace-row, .trace .empty'); // a call of long ago is remembered by no proxy
  assert.equal(await page.locator('.notice-error').count(), 0);
  const row = page.locator('.trace-row').first();
  if ((await row.count()) === 0) return;
  await row.focus();
  await page.keyboard.press('Enter');
  assert.match(await page.textContent('.trace-text'), /Call-ID: /);
  await page.reload();
  await page.waitForSelector('.trace-row');
});

await test('the history loads and can be filtered', async (page) => {
  await login(page);
  await page.click('a[href="#/history"]');
  await page.waitForSelector('.history[data-state=ready]');
  assert.equal(await page.locator('.history .notice-error').count(), 0);
  const from = page.locator('.table-history tbody tr:not(.gap) td:nth-child(3)').first();
  if ((await from.count()) === 0) return;
  const dn = (await from.textContent()).trim();
  await page.fill('.filter input', dn);
  await page.waitForFunction((wanted) => {
    const rows = [...document.querySelectorAll('.table-history tbody tr:not(.gap)')];
    return rows.length > 0 && rows.every((row) => [2, 3].some((cell) => row.children[cell].textContent.trim() === wanted));
  }, dn);
  assert.ok(page.url().endsWith(`#/history?dn=${encodeURIComponent(dn)}`));
});

await test('a reload keeps the page and the filter', async (page) => {
  await login(page);
  await page.goto(at('#/history?dn=1001'));
  await page.waitForSelector('.history[data-state=ready]');
  await page.reload();
  await page.waitForSelector('.history[data-state=ready]');
  assert.equal(await page.inputValue('.filter input'), '1001');
});

await test('log in leads to the page that was asked for', async (page) => {
  await login(page, at('#/history'));
  await page.waitForSelector('.history[data-state=ready]');
});

await test('a session that ended asks for a log-in and goes on with what was typed (WS-3)', async (page, own) => {
  await login(page, at('#/history'));
  await page.waitForSelector('.history[data-state=ready]');
  await page.fill('.filter input', '1002');
  await page.waitForSelector('.history[data-state=ready]');
  await own.clearCookies();
  await page.click('.toolbar > .button');
  await page.waitForSelector('#password:focus');
  assert.equal(await page.inputValue('#user'), USER);
  assert.match(await page.textContent('.login-card'), /Your session has ended/);
  await fillIn(page);
  await connected(page);
  assert.equal(await page.inputValue('.filter input'), '1002');
});

await test('the first view is there within a second, with less than 120 KB of script (WS-2)', async (page) => {
  await page.goto(BASE.href);
  await page.waitForSelector('#user');
  const { script, first } = await page.evaluate(() => ({
    script: performance
      .getEntriesByType('resource')
      .filter(({ name }) => name.endsWith('.js'))
      .reduce((sum, entry) => sum + entry.encodedBodySize, 0),
    first: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Infinity,
  }));
  assert.ok(script > 0 && script < 120 * 1024, `${script} bytes of script`);
  assert.ok(first < 1000, `first content after ${Math.round(first)} ms`);
});

await test('log out ends the session', async (page) => {
  await login(page);
  await page.click('.person button');
  await page.waitForSelector('#user');
  const status = await page.evaluate(() => fetch('api/me').then((answer) => answer.status));
  assert.equal(status, 401);
  await page.reload();
  await page.waitForSelector('#user');
});

await test('a request without the header against forgery is refused', async (page) => {
  await login(page);
  const status = await page.evaluate(() => fetch('api/logout', { method: 'POST' }).then((answer) => answer.status));
  assert.ok(status >= 400, `status ${status}`);
  assert.equal(await page.evaluate(() => fetch('api/me').then((answer) => answer.status)), 200);
});

await test('the server goes: banner, grey, nothing typed is lost; it comes back by itself (WS-3)', async (page) => {
  const relay = new Relay(BASE);
  await relay.open();
  try {
    await login(page, relay.url);
    await page.fill('.filter input', '10');
    await relay.shut();
    await page.waitForSelector('.banner');
    await page.waitForSelector('.live[data-stale=true]');
    assert.match(await page.textContent('.banner'), /Connection lost/);
    await page.focus('.filter input');
    await page.keyboard.press('End');
    await page.keyboard.type('0');
    await relay.open();
    await connected(page);
    await page.waitForSelector('.banner', { state: 'detached' });
    await page.waitForSelector('.live[data-stale=false]');
    assert.equal(await page.inputValue('.filter input'), '100');
  } finally {
    await relay.shut().catch(() => undefined);
  }
});

await test('theme and language can be changed and are kept', async (page) => {
  await login(page);
  await page.selectOption('select[name=theme]', 'dark');
  await page.selectOption('select[name=language]', 'de');
  await page.waitForFunction(() => document.documentElement.lang === 'de');
  await page.reload();
  await connected(page);
  assert.equal(await page.title(), 'Live – Tandem');
  assert.match(await page.textContent('.table-devices'), /Zustand/);
  assert.equal(await page.evaluate(() => getComputedStyle(document.documentElement).colorScheme), 'dark');
});

/** Runs in the page: texts whose colour is too near to their ground (WCAG 2.2, 1.4.3), as "ratio text". */
function lowContrast() {
  const paint = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = (colour) => {
    paint.clearRect(0, 0, 1, 1);
    paint.fillStyle = colour;
    paint.fillRect(0, 0, 1, 1);
    return [...paint.getImageData(0, 0, 1, 1).data];
  };
  const linear = (value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
  const light = ([red, green, blue]) => 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = rgba(getComputedStyle(at).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return [255, 255, 255];
  };
  const found = new Set();
  for (const element of document.querySelectorAll('body *')) {
    const own = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim() !== '');
    if (!own || element.closest('noscript, .unseen, option, svg') || element.getClientRects().length === 0) continue;
    const style = getComputedStyle(element);
    const [one, other] = [light(rgba(style.color)), light(ground(element))].sort((a, b) => b - a);
    const ratio = (one + 0.05) / (other + 0.05);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5)) found.add(`${ratio.toFixed(2)} ${element.className || element.tagName} ${element.textContent.trim().slice(0, 20)}`);
  }
  return [...found];
}

await test('every text has enough contrast, light and dark (WCAG AA)', async (page) => {
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    await page.goto(BASE.href);
    await page.waitForSelector('#user');
    await page.click('button[type=submit]');
    await page.waitForSelector('.notice-error');
    assert.deepEqual(await page.evaluate(lowContrast), [], `log-in, ${colorScheme}`);
    await fillIn(page);
    await connected(page);
    for (const name of ['live', 'history', 'about']) {
      await page.click(`a[href="#/${name}"] span`);
      await page.waitForSelector(`.${name}`);
      await page.waitForTimeout(500);
      assert.deepEqual(await page.evaluate(lowContrast), [], `${name}, ${colorScheme}`);
    }
    await page.click('.person button');
  }
});

await browser.close();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);
