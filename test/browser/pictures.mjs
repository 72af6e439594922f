// node, started by `test/browser/run pictures` (never by the suite): pictures of every page of the real program with
// calls of real phones, into the folder PICTURES.
import { mkdirSync } from 'node:fs';
import { launch } from '../web/chromium.mjs';
import { Stage } from './stage.mjs';

const folder = process.env.PICTURES ?? 'screenshots';
mkdirSync(folder, { recursive: true });
const stage = new Stage();
const { url, user, password } = await stage.about();
const browser = await launch();

async function open({ language = 'en-GB', dark = false, width = 1280, height = 800 }) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, locale: language, colorScheme: dark ? 'dark' : 'light', viewport: { width, height } });
  const page = await context.newPage();
  await page.goto(url);
  await page.waitForSelector('#user');
  return [page, (name) => page.screenshot({ path: `${folder}/${name}.png` }), () => context.close()];
}

async function logIn(page, said = password) {
  await page.fill('#user', user);
  await page.fill('#password', said);
  await page.click('button[type=submit]');
}

async function live(page) {
  await logIn(page);
  await page.waitForSelector('[data-connection=connected]');
  await page.waitForTimeout(1300);
}

{
  const [page, shot, close] = await open({});
  await shot('login');
  await logIn(page, 'wrong');
  await page.waitForSelector('.notice-error');
  await shot('login-error');
  await live(page);
  await shot('live-nobody');
  await page.click('a[href="#/history"]');
  await page.waitForSelector('.empty');
  await shot('history-nothing');
  await close();
}
const names = ['1001', '1002', '1003', '1004', '1005', '1006', '1007', '1008'];
for (const dn of names) await stage.register(dn);
const ended = await stage.dial('1001', '1002');
await stage.pick_up(ended);
await new Promise((done) => setTimeout(done, 2100));
await stage.bye(ended);
await stage.refuse(await stage.dial('1003', '1004'), 486);
await stage.refuse(await stage.dial('1003', '1002'), 603);
await stage.cancel(await stage.dial('1005', '1006'));
await stage.final(await stage.dial('1005', '1009'));
const talking = await stage.dial('1001', '1002');
await stage.pick_up(talking);
const held = await stage.dial('1003', '1004');
await stage.pick_up(held);
await stage.offer(held, 'sendonly');
await stage.dial('1005', '1006');
for (const [name, look] of Object.entries({
  light: {}, dark: { dark: true }, german: { language: 'de-DE', width: 1024, height: 768 }, wide: { width: 1600, height: 1000 }, 'dark-german': { dark: true, language: 'de-DE' },
})) {
  const [page, shot, close] = await open(look);
  if (name === 'german') await shot('login-german');
  await live(page);
  await shot(`live-${name}`);
  await page.click('.table-devices tbody button >> nth=0');
  await page.waitForSelector('.detail');
  await shot(`detail-${name}`);
  await page.keyboard.press('Escape');
  for (const other of ['registrations', 'trunks']) {
    await page.click(`a[href="#/${other}"]`);
    await page.waitForTimeout(1000);
    await shot(`${other}-${name}`);
  }
  await page.click('a[href="#/history"]');
  await page.waitForSelector('.table-history .badge');
  await shot(`history-${name}`);
  await page.click('a[href="#/about"]');
  await page.waitForSelector('.plain');
  await shot(`about-${name}`);
  await close();
}
const [page, shot] = await open({});
await live(page);
await page.fill('.filter input', 'nobody');
await shot('live-no-match');
await page.fill('.filter input', '');
await stage.kill();
await page.waitForSelector('.banner');
await page.waitForTimeout(2500);
await shot('live-stale');
await page.click('a[href="#/history"]');
await page.waitForSelector('.notice-error');
await shot('history-error');
await page.reload().catch(() => undefined);
await stage.start();
await page.goto(url);
await page.waitForSelector('#user');
await live(page);
await page.click('a[href="#/history"]');
await page.waitForSelector('.table-history .badge');
await shot('history-lost');
await browser.close();
stage.close();
console.log('1 passed, 0 failed');
