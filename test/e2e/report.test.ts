// The report of a backtest in a real browser: it is drawn, it fits, it asks nobody for anything,
// and a name that is HTML stays a name.

import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { executeRun, resolveSettings, saveResult } from '@ndts/calc-node';
import { NDTSClient } from '@ndts/storage';
import { chromium } from 'playwright-core';
import { smallSettings } from '../kit/small-settings.js';

const browsers = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const executablePath = browsers.find((path) => existsSync(path));
const skip =
  executablePath === undefined && process.env['CI'] !== 'true'
    ? 'no chromium (install it with: apt-get install chromium)'
    : false;

/** Waiting for what must come; the limit only ends a test that has failed. */
const patienceMs = 300_000;

const hostile = '<img src=x onerror=alert(1)>';

/** A run over 600 ticks that trades both symbols. */
async function makeReport(folder: string): Promise<string> {
  const client = {
    mode: 'standalone',
    dataDir: join(folder, 'data'),
    settings: smallSettings,
  } as const;
  const writer = new NDTSClient(client);
  const rows = Array.from({ length: 600 }, (_, at) => {
    const price = Number((100 + Math.sin(at / 9) + ((at * 37) % 11) / 20).toFixed(2));
    const quote = { bid1: price - 0.01, ask1: price + 0.01, bid_vol1: 5, ask_vol1: 5, flags: 0 };
    const time = { day: 20_458, nsOfDay: 52_200e9 + at * 20e9 };
    return { time, symbol: at % 2 === 0 ? 'AAPL' : hostile, price, volume: 10, ...quote };
  });
  await writer.insert('tick', rows);
  await writer.close();
  const result = await executeRun({
    strategies: [{ plugin: 'bollinger', parameters: { period: 10, width: 1, quantity: '50' } }],
    settings: resolveSettings({}),
    source: { kind: 'history', client, range: {} },
  });
  assert.ok(result.fills.count > 20);
  return join(saveResult(join(folder, 'runs'), result), 'report.html');
}

test('the report is drawn and loads nothing', { skip }, async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'ndts-report-'));
  const report = await makeReport(folder);
  const browser = await chromium.launch({
    timeout: patienceMs,
    ...(executablePath === undefined ? {} : { executablePath }),
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
  });
  context.after(async () => {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const page = await browser.newPage({ viewport: { width: 1100, height: 900 } });
  page.setDefaultTimeout(patienceMs);
  const asked: string[] = [];
  const complaints: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(String(error)));
  await page.goto(pathToFileURL(report).href);
  const seen = await page.evaluate(() => ({
    lines: [...document.querySelectorAll('polyline')].map((line) => {
      const { width, height } = line.getBoundingClientRect();
      return width > 500 && height > 20;
    }),
    bars: document.querySelectorAll('rect').length,
    images: document.querySelectorAll('img').length,
    names: [...document.querySelectorAll('td')].map((cell) => cell.textContent ?? ''),
    fits: document.documentElement.scrollWidth <= 1100,
  }));
  assert.deepEqual(seen.lines, [true, true, true, true], 'equity, drawdown, gross and net');
  assert.equal(seen.bars, 2);
  assert.equal(seen.images, 0);
  assert.ok(seen.names.includes(hostile));
  assert.ok(seen.fits);
  const shot = join(folder, 'report.png');
  await page.screenshot({ path: shot });
  assert.ok(statSync(shot).size > 20_000, 'the screenshot is not blank');
  assert.equal(asked.length, 1, asked.join(' '));
  assert.deepEqual(complaints, []);
});
