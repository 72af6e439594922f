// What an administrator does in the pages of configuration and system, against the running program: objects are made,
// changed, taken back and deleted, a second administrator is in the way, alarms and members are there.
import assert from 'node:assert/strict';
import { launch } from '../web/chromium.mjs';

const { TANDEM_URL: url, TANDEM_USER: user, TANDEM_PASSWORD: password, PICTURES } = process.env;
const PATIENCE_MS = 10000;

const browser = await launch();
let passed = 0;
let failed = 0;

async function logIn(page) {
  await page.goto(url);
  await page.fill('#user', user);
  await page.fill('#password', password);
  await page.click('button[type=submit]');
  await page.waitForSelector('[data-connection=connected]');
}

/** Runs `work` with a page that is logged in; a script error fails it too. */
async function test(name, work) {
  const own = await browser.newContext({ ignoreHTTPSErrors: true, locale: 'en-GB', viewport: { width: 1440, height: 900 } });
  const page = await own.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const problems = [];
  const lost = [];
  page.on('requestfailed', (request) => lost.push(`${request.url()} ${request.failure()?.errorText}`));
  page.on('pageerror', (error) => problems.push(String(error)));
  page.on('console', (message) => message.text().includes('Content Security Policy') && problems.push(message.text()));
  try {
    await logIn(page);
    await work(page, (picture) => PICTURES && page.screenshot({ path: `${PICTURES}/${picture}.png` }));
    assert.deepEqual(problems, []);
    passed += 1;
    console.log(`ok      ${name}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${name}: ${String(error.stack ?? error).slice(0, 1500)} ${lost.join(', ')}`);
    if (PICTURES) await page.screenshot({ path: `${PICTURES}/failed-manage-${failed}.png` });
  } finally {
    await own.close();
  }
}

const open = async (page, of) => {
  await page.goto(new URL(`#/config/${of}`, url).href);
  await page.waitForSelector('.kinds a[aria-current]');
};
const field = (name) => `#field-${name}`;
const saved = (page, number) => page.waitForSelector(`.object-form .transactions li:nth-child(${number})`);
const listed = (page, name) => page.waitForSelector(`.table-objects a >> text="${name}"`);

await test('every kind has its list and its form, made from its description (CF-1)', async (page, picture) => {
  await open(page, 'dn');
  const kinds = page.locator('.kinds a:not([href$="changes"])');
  const count = await kinds.count();
  assert.ok(count >= 5, `${count} kinds`);
  for (let at = 0; at < count; at += 1) {
    await kinds.nth(at).click();
    await page.waitForSelector('.object-list[aria-busy=false]');
    await page.click('.object-list header .button');
    await page.waitForSelector('.object-form form .field');
  }
  await page.click('.kinds a >> text=DNs');
  await page.click('.table-objects a >> text="1001"');
  await page.waitForFunction(() => document.querySelector('#field-number')?.value === '1001');
  await picture('config');
});

await test('a number is made, changed, taken back and deleted (CF-3)', async (page, picture) => {
  await open(page, 'dn/+');
  await page.fill(field('number'), '2001');
  await page.fill(field('name'), 'Night desk');
  await page.fill(field('location'), 'nowhere');
  await page.click('.form-actions .button-primary');
  await page.waitForSelector('.field-reference .field-problem');
  await page.fill(field('location'), 'home');
  await page.fill('.form-actions input', 'a desk for the night');
  await page.click('.form-actions .button-primary');
  await saved(page, 1);
  await listed(page, '2001');
  assert.match(page.url(), /#\/config\/dn\/2001$/);
  await page.fill(field('name'), 'Day desk');
  await page.click('.form-actions .button-primary');
  await saved(page, 2);
  await picture('config-history');
  await page.click('.object-form .transactions li:nth-child(1) .button');
  await saved(page, 3);
  await page.waitForFunction(() => document.querySelector('#field-name').value === 'Night desk');
  await page.click('.form-actions .button >> text=Delete');
  await page.click('.form-actions .button >> text=Really delete?');
  await page.waitForFunction(() => ![...document.querySelectorAll('.table-objects a')].some((a) => a.textContent === '2001'));
  await page.click('.kinds a >> text=All changes');
  await page.waitForSelector('.transactions .badge-delete');
  await picture('changes');
});

await test('who comes second is told, and nothing is lost (CF-3)', async (page) => {
  await open(page, 'dn/1005');
  await page.waitForFunction(() => document.querySelector('#field-name')?.value !== '');
  const other = await page.context().newPage();
  await other.goto(new URL('#/config/dn/1005', url).href);
  await other.waitForFunction(() => document.querySelector('#field-name')?.value !== '');
  await other.fill(field('name'), 'Second thoughts');
  await other.click('.form-actions .button-primary');
  await saved(other, 2);
  await page.fill(field('name'), 'First thoughts');
  await page.click('.form-actions .button-primary');
  await page.waitForSelector('.object-form .notice-error');
  assert.equal(await page.inputValue(field('name')), 'First thoughts');
  await page.click('.object-form .notice-error .button');
  await page.waitForFunction(() => document.querySelector('#field-name').value === 'Second thoughts');
});

await test('what is used cannot be deleted, and says by what', async (page) => {
  await open(page, 'location/home');
  await page.waitForSelector('.users a');
  await page.click('.form-actions .button >> text=Delete');
  await page.click('.form-actions .button >> text=Really delete?');
  await page.waitForSelector('.object-form .notice-error >> text=is used by');
});

await test('a search finds by number and by name', async (page) => {
  await open(page, 'dn');
  await listed(page, '1001');
  await page.fill('.object-list .filter input', '1007');
  await page.waitForFunction(() => document.querySelectorAll('.table-objects tbody tr:not(.gap)').length === 1);
});

await test('health, alarms and members (CF-10)', async (page, picture) => {
  await page.goto(new URL('#/system', url).href);
  await page.waitForSelector('#instances-title ~ .count >> text=/[1-9]/');
  await page.waitForFunction(() => document.querySelectorAll('.system .badge-answered').length >= 5);
  await page.fill('.new-code input', 'host-2');
  await page.click('.new-code button');
  await page.waitForSelector('.system .notice code');
  await page.waitForSelector('.system th >> text="host-2"');
  await picture('system');
});

await test('an alarm is raised and acknowledged (CF-10)', async (page, picture) => {
  await open(page, 'application/+');
  await page.fill(field('name'), 'node-1b');
  await page.selectOption(field('role'), 'node');
  await page.fill(field('location'), 'home');
  await page.fill(field('pair'), 'node-1');
  await page.fill(field('member'), 'host-2'); // which does not run
  await page.click('.form-actions .button-primary');
  await saved(page, 1);
  await page.goto(new URL('#/system', url).href);
  await page.waitForSelector('.alarm >> text=node-1b is down');
  await picture('alarms');
  const acknowledge = page.locator('.alarm').filter({ hasText: 'node-1b' }).locator('button');
  await acknowledge.first().click();
  await page.waitForSelector('.alarm >> text=acknowledged by admin');
});

await browser.close();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
