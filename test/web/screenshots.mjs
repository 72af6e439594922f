// node test/web/screenshots.mjs FOLDER   pictures of every page, against two development servers that it starts itself
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { launch } from './chromium.mjs';

const folder = process.argv[2] ?? 'screenshots';
const SERVER = fileURLToPath(new URL('dev-server.mjs', import.meta.url));
mkdirSync(folder, { recursive: true });

function serve(port, ...more) {
  const child = spawn(process.execPath, [SERVER, '--port', String(port), '--quiet', ...more], { stdio: 'inherit' });
  return { url: `http://127.0.0.1:${port}/`, stop: () => child.kill() };
}

const servers = [serve(8481, '--devices', '140'), serve(8482, '--empty')];
const [full, empty] = servers;
await new Promise((done) => setTimeout(done, 600));
const browser = await launch();
const problems = [];

async function session({ url, language = 'en-GB', dark = false, width = 1440, height = 900 }, work) {
  const context = await browser.newContext({ locale: language, colorScheme: dark ? 'dark' : 'light', viewport: { width, height } });
  const page = await context.newPage();
  page.on('console', (message) => /Content Security|TypeError/.test(message.text()) && problems.push(message.text()));
  page.on('pageerror', (error) => problems.push(String(error)));
  await page.goto(url);
  await work(page, (name) => page.screenshot({ path: `${folder}/${name}.png` }));
  await context.close();
}

async function login(page, password = 'tandem') {
  await page.fill('#user', 'supervisor');
  await page.fill('#password', password);
  await page.click('button[type=submit]');
}

for (const dark of [false, true]) {
  const look = dark ? 'dark' : 'light';
  await session({ url: full.url, dark }, async (page, shot) => {
    await page.waitForSelector('#user');
    await shot(`login-${look}`);
    await login(page, 'wrong');
    await page.waitForSelector('.notice-error');
    await shot(`login-error-${look}`);
    await login(page);
    await page.waitForSelector('.table-devices tbody tr');
    await page.waitForTimeout(3500);
    await shot(`live-${look}`);
    await page.click('.table-devices .dot-talking >> xpath=ancestor::tr//button');
    await page.waitForSelector('.detail');
    await shot(`detail-${look}`);
    await page.keyboard.press('Escape');
    await page.click('a[href="#/history"]');
    await page.waitForSelector('.table-history .badge');
    await shot(`history-${look}`);
    await page.click('.table-history a.trace-link');
    await page.click('.trace-row >> nth=4');
    await page.waitForSelector('.trace-text');
    await shot(`trace-${look}`);
    await page.click('a[href="#/registrations"]');
    await page.waitForSelector('.bans');
    await page.waitForSelector('.table-registrations tbody .dn');
    await shot(`registrations-${look}`);
    await page.click('a[href="#/config"]');
    await page.click('.kinds a >> text=DNs');
    await page.click('.table-objects a >> text=1003');
    await page.waitForSelector('.object-form .users, .object-form .muted');
    await shot(`config-${look}`);
    await page.click('.kinds a >> text=applications');
    await page.click('.table-objects a >> text=proxy-1');
    await page.waitForSelector('.field-list');
    await page.fill('.form-actions input', 'one more address');
    await page.click('.field-list .button');
    await page.fill('.field-item:last-of-type input', 'udp:192.0.2.1:5060');
    await page.click('.form-actions .button-primary');
    await page.waitForSelector('.transactions');
    await shot(`config-changed-${look}`);
    await page.click('.kinds a >> text=All changes');
    await page.waitForSelector('.transactions .differences');
    await shot(`changes-${look}`);
    await page.click('a[href="#/system"]');
    await page.waitForSelector('.alarm');
    await page.fill('.new-code input', 'host-3');
    await page.click('.new-code button');
    await page.waitForSelector('.system code');
    await shot(`system-${look}`);
    await page.click('a[href="#/about"]');
    await page.waitForSelector('.plain');
    await shot(`about-${look}`);
  });
}
await session({ url: full.url, language: 'de-DE', width: 1024, height: 768 }, async (page, shot) => {
  await shot('login-german');
  await login(page);
  await page.waitForSelector('.table-devices tbody tr');
  await page.waitForTimeout(3000);
  await shot('live-german-1024');
  await page.click('a[href="#/history"]');
  await page.waitForSelector('.table-history .badge');
  await shot('history-german-1024');
});
await session({ url: empty.url }, async (page, shot) => {
  await login(page);
  await page.waitForSelector('.empty');
  await shot('live-empty');
  await page.click('a[href="#/history"]');
  await page.waitForSelector('.empty');
  await shot('history-empty');
});
await session({ url: full.url }, async (page, shot) => {
  await login(page);
  await page.waitForSelector('.table-devices tbody tr');
  full.stop();
  await page.waitForSelector('.banner');
  await page.waitForTimeout(2500);
  await shot('live-stale');
  await page.click('a[href="#/history"]');
  await page.waitForSelector('.notice-error');
  await shot('history-error');
});
await browser.close();
for (const server of servers) server.stop();
for (const problem of problems) console.error(problem);
console.log(`pictures in ${folder}, ${problems.length} problems`);
process.exit(problems.length > 0 ? 1 : 0);
