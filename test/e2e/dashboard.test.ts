// The dashboard in a real browser, on the real platform: log in, see the path live, lose the
// connection, come back. Screenshots stay in a temporary folder when something fails.

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Browser, chromium, type Page } from 'playwright-core';
import { freePort } from '../kit/free-port.js';
import { RunningPlatform } from '../kit/running-platform.js';

const browsers = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const executablePath = browsers.find((path) => existsSync(path));
const skip =
  executablePath === undefined && process.env['CI'] !== 'true'
    ? 'no chromium (install it with: apt-get install chromium)'
    : false;

const launchArguments = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Waiting for what must come; the limit only ends a test that has failed. */
const patienceMs = 300_000;

function launch(): Promise<Browser> {
  assert.ok(executablePath, `expected a browser at one of ${browsers.join(', ')}`);
  return chromium.launch({ executablePath, args: launchArguments, timeout: patienceMs });
}

async function openPage(browser: Browser, complaints: string[]): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  page.setDefaultTimeout(patienceMs);
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  return page;
}

/** In the page: how many pixels of the chart have each colour, within a small distance. */
function chartPixels(page: Page): Promise<Record<string, number>> {
  return page.evaluate(() => {
    const wanted: Readonly<Record<string, readonly number[]>> = {
      price: [0x5b, 0x9b, 0xff],
      band: [0x9a, 0x7b, 0xff],
      buy: [0x2f, 0xbf, 0x8a],
      sell: [0xf2, 0x56, 0x6a],
    };
    const counts: Record<string, number> = { price: 0, band: 0, buy: 0, sell: 0, painted: 0 };
    for (const canvas of document.querySelectorAll<HTMLCanvasElement>('#chart canvas')) {
      const { width, height } = canvas;
      const data = canvas.getContext('2d')?.getImageData(0, 0, width, height).data ?? [];
      for (let at = 0; at < data.length; at += 4) {
        if ((data[at + 3] ?? 0) < 200) continue;
        counts['painted'] = (counts['painted'] ?? 0) + 1;
        for (const [name, color] of Object.entries(wanted))
          if (color.every((part, index) => Math.abs(part - (data[at + index] ?? 0)) < 24))
            counts[name] = (counts[name] ?? 0) + 1;
      }
    }
    return counts;
  });
}

async function textOf(page: Page, selector: string): Promise<string> {
  return (await page.locator(selector).textContent()) ?? '';
}

/** Nothing is painted over the middle of it; a thing that lets clicks through is made to take them
 * for the question. */
function isOnTop(page: Page, selector: string): Promise<boolean> {
  return page.evaluate((wanted) => {
    const element = document.querySelector<HTMLElement>(wanted);
    if (element === null) return false;
    element.style.pointerEvents = 'auto';
    const { left, top, width, height } = element.getBoundingClientRect();
    const hit = document.elementFromPoint(left + width / 2, top + height / 2);
    element.style.pointerEvents = '';
    return hit === element;
  }, selector);
}

function rowCount(page: Page, table: string): Promise<number> {
  return page.locator(`#${table} tbody tr:not(:has(.empty))`).count();
}

async function waitForRows(page: Page, table: string, count: number): Promise<void> {
  const last = page.locator(`#${table} tbody tr:not(:has(.empty))`).nth(count - 1);
  await last.waitFor({ state: 'attached' });
}

async function logIn(page: Page, platform: RunningPlatform): Promise<void> {
  await page.waitForURL((url) => url.pathname === '/login');
  await page.fill('#token', platform.token);
  await page.click('#login button');
  await page.waitForURL((url) => url.pathname === '/');
}

async function checkLivePage(page: Page): Promise<void> {
  await page.waitForSelector('#chart[data-bands="true"]');
  await page.waitForFunction(() => {
    const { marks, points } = document.getElementById('chart')?.dataset ?? {};
    return Number(marks) > 1 && Number(points) > 100;
  });
  await waitForRows(page, 'positions', 1);
  await waitForRows(page, 'orders', 1);
  await waitForRows(page, 'watermarks', 4);
  await waitForRows(page, 'strategies', 1);
  await page.locator('#quality tr', { hasText: 'SIM0007' }).filter({ hasText: 'STALE' }).waitFor();
  await page.waitForFunction(() => document.querySelectorAll('#nodes tbody td.good').length === 4);
  assert.equal(await rowCount(page, 'nodes'), 4);
  assert.match(await textOf(page, '#price'), /^[\d,.]+$/);
  assert.equal(await textOf(page, '#trading-state'), 'ACTIVE');
  assert.ok(await page.locator('#banner').isHidden());
  assert.ok(await page.locator('#chart-empty').isHidden());
  // Every figure is there: no placeholder is left.
  assert.ok(!(await textOf(page, '#figures')).includes('–'));
  const fits = await page.evaluate(
    () => document.documentElement.scrollHeight <= 800 && document.body.scrollWidth <= 1280,
  );
  assert.ok(fits, 'the page fits 1280x800 without scrolling');
}

test('the dashboard shows the live path, trading can be halted', { skip }, async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'ndts-e2e-'));
  context.diagnostic(`screenshots in ${folder} if this fails`);
  // One symbol whose ticks never come soon enough.
  const keys = { 'quality.classes': 'SIM0007 staleMs=1' };
  const platform = await RunningPlatform.start({ dataDir: join(folder, 'data'), keys });
  const browser = await launch();
  const complaints: string[] = [];
  try {
    const page = await openPage(browser, complaints);
    await page.goto(platform.run.url);
    await page.waitForURL((url) => url.pathname === '/login');
    await page.screenshot({ path: join(folder, 'login.png') });
    // Asking who one is before the login is refused, and the browser says so.
    complaints.length = 0;
    await logIn(page, platform);
    await checkLivePage(page);
    const shot = join(folder, 'dashboard.png');
    await page.screenshot({ path: shot });
    assert.ok(statSync(shot).size > 20_000, 'the screenshot is not blank');
    const pixels = await chartPixels(page);
    for (const [name, least] of [
      ['painted', 100_000],
      ['price', 300],
      ['band', 200],
    ] as const)
      assert.ok((pixels[name] ?? 0) > least, `${name}: ${JSON.stringify(pixels)}`);
    assert.ok((pixels['buy'] ?? 0) + (pixels['sell'] ?? 0) > 20, JSON.stringify(pixels));
    await halt(page);
    await page.screenshot({ path: join(folder, 'halted.png') });
    assert.deepEqual(complaints, []);
    await loseConnection(page, platform);
    await page.screenshot({ path: join(folder, 'lost.png') });
  } catch (error) {
    await platform.discard();
    await browser.close();
    throw error;
  }
  await browser.close();
  await platform.discard();
  rmSync(folder, { recursive: true, force: true });
});

async function halt(page: Page): Promise<void> {
  await page.click('#halt');
  await page.fill('#confirm-why', 'a test halts');
  await page.click('#confirm-do');
  await page.waitForFunction(
    () => document.getElementById('trading-state')?.textContent === 'HALTED',
  );
  assert.ok(await page.locator('#halt').isDisabled());
  assert.ok(await page.locator('#resume').isEnabled());
  await page.waitForSelector('#confirm', { state: 'hidden' });
}

/** The node dies under the page, and the page says so. */
async function loseConnection(page: Page, platform: RunningPlatform): Promise<void> {
  await platform.kill();
  const banner = page.locator('#banner');
  await banner.waitFor({ state: 'visible' });
  assert.match(await textOf(page, '#banner'), /Connection lost/);
}

test('a page without data says so', { skip }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ndts-e2e-'));
  const platform = await RunningPlatform.start({
    dataDir: join(folder, 'data'),
    // The next node is to be found there, too.
    keys: { 'feed.kind': 'none', 'control.port': await freePort() },
  });
  const browser = await launch();
  try {
    const page = await openPage(browser, []);
    await page.goto(platform.run.url);
    await logIn(page, platform);
    await waitForRows(page, 'nodes', 4);
    assert.match(await textOf(page, '#chart-empty'), /Waiting for the first ticks/);
    assert.ok(await isOnTop(page, '#chart-empty'), 'the chart does not cover what it says');
    assert.match(await textOf(page, '#positions'), /No positions yet/);
    assert.match(await textOf(page, '#orders'), /No orders yet/);
    await page.screenshot({ path: join(folder, 'empty.png') });
    await reconnects(page, platform, folder);
  } finally {
    await browser.close();
    await platform.discard();
  }
  rmSync(folder, { recursive: true, force: true });
});

/** A node that comes back on its port is found by the page without anybody's help. Sessions end
 * with their process, so what it finds is the login. */
async function reconnects(page: Page, first: RunningPlatform, folder: string): Promise<void> {
  const port = Number(new URL(first.run.url).port);
  await first.kill();
  await page.locator('#banner').waitFor({ state: 'visible' });
  const second = await RunningPlatform.start({
    dataDir: join(folder, 'data'),
    keys: { 'feed.kind': 'none', 'control.port': port },
  });
  try {
    await logIn(page, second);
    await waitForRows(page, 'nodes', 4);
    assert.ok(await page.locator('#banner').isHidden());
  } finally {
    await second.kill();
  }
}
