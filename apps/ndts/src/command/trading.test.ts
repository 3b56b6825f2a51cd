// The trading commands against a node that answers by hand: what is asked for, and what people and
// programs see.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Command } from 'commander';
import { addTrading } from './trading.js';

interface Asking {
  /** What was asked for, as METHOD PATH BODY. */
  readonly asked: string[];
  /** Runs a command line; the node answers what is given. */
  readonly run: (line: string, given: unknown) => Promise<string>;
}

async function nodeByHand(context: TestContext): Promise<Asking> {
  const dir = mkdtempSync(join(tmpdir(), 'ndts-trading-'));
  const asked: string[] = [];
  let answer: unknown = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => {
      asked.push(`${request.method} ${request.url} ${body}`.trim());
      response.end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => {
    server.close();
    rmSync(dir, { recursive: true, force: true });
  });
  const tokenFile = join(dir, 'token');
  writeFileSync(tokenFile, 'secret\n');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const run = async (line: string, given: unknown): Promise<string> => {
    answer = given;
    let shown = '';
    const program = new Command('ndts').exitOverride();
    program.configureOutput({ writeErr: () => undefined });
    addTrading(program, Number, (text) => {
      shown += text;
    });
    const words = [...line.split(' '), '--url', url, '--token-file', tokenFile];
    await program.parseAsync(words, { from: 'user' });
    return shown;
  };
  return { asked, run };
}

test('each command asks the right thing and shows the answer', async (context) => {
  const { asked, run } = await nodeByHand(context);
  const verdict = { clientOrderId: '0-7-0', reason: 'APPROVED' };
  const send = 'orders send buy 2 AAA --type trailing --distance 0.5 --reduce-only';
  assert.equal(await run(send, verdict), '0-7-0 APPROVED');
  const [halted, active] = [{ state: 'HALTED' }, { state: 'ACTIVE' }];
  assert.equal(await run('halt symbol AAA --why storm', halted), 'trading of symbol AAA is HALTED');
  assert.equal(await run('resume --why calm', active), 'trading is ACTIVE');
  assert.equal(await run('flatten --why end', { done: true }), 'closing everything');
  const agreed = { differences: [], adopted: [], tradingState: 'ACTIVE' };
  assert.equal(await run('reconcile --why look', agreed), 'journal and broker agree');
  const found = { ...agreed, differences: ['position of AAA'], tradingState: 'HALTED' };
  assert.equal(
    await run('reconcile --why look', found),
    'differs; trading is HALTED:\n  position of AAA',
  );
  assert.equal(
    await run('reconcile --adopt --why mine', { ...agreed, adopted: ['position of AAA'] }),
    'adopted:\n  position of AAA\njournal and broker agree\ntrading is ACTIVE',
  );
  assert.equal(await run('orders replace 1-2-0 --quantity 5 --why more', {}), 'change requested');
  assert.equal(await run('orders cancel 1-2-0 --why no', {}), 'cancel requested');
  assert.equal(await run('positions', []), 'no positions');
  const risk = {
    ...{ tradingState: 'ACTIVE', tradingReason: '', flatten: '', dayLoss: '12.5', differences: [] },
    ...{ limits: { lot: '1' }, denied: { NO_MARKET: 3 } },
    controls: [
      { kind: 'limit', scope: 'symbol', name: '3', key: 'lot', value: '2', reason: 'anna: new' },
    ],
  };
  const text = await run('risk set symbol AAA lot=2 --why new', risk);
  assert.match(text, /trading is ACTIVE\nloss of the day 12\.5\n\nlot 1/);
  assert.match(text, /limit +symbol +3 +lot=2 +anna: new\n\ndenied: NO_MARKET 3/);
  await assert.rejects(run('halt symbol --why storm', {}), /expected the name of the symbol/);
  await assert.rejects(run('halt', {}), /required option '--why/);
  assert.deepEqual(asked.slice(0, 3), [
    'POST /api/orders {"side":"buy","quantity":"2","symbol":"AAA","type":"trailing",' +
      '"distance":"0.5","reduceOnly":true}',
    'POST /api/trading-state {"state":"HALTED","scope":"symbol","name":"AAA","why":"storm"}',
    'POST /api/trading-state {"state":"ACTIVE","why":"calm"}',
  ]);
});

test('what holds is told, not what was asked for', async (context) => {
  const { run } = await nodeByHand(context);
  const halted = { state: 'HALTED' };
  assert.equal(await run('resume symbol A --why calm', halted), 'trading of symbol A is HALTED');
});

test('positions are told by strategy and by account', async (context) => {
  const { asked, run } = await nodeByHand(context);
  const long = { symbolName: 'AAA', quantity: '5', averagePrice: '100', currency: '' };
  const money = { lastPrice: '102', realisedPnl: '0', unrealisedPnl: '10', fees: '1' };
  const by = await run('positions --by strategy', [{ instance: 3, ...long, ...money }]);
  assert.match(by, /^strategy +symbol +quantity .*\n.*\n3 +AAA +5 +100 +102 +0 +10 +1/);
  assert.equal(asked.at(-1), 'GET /api/positions?by=strategy');
  await assert.rejects(run('positions --by symbol', []), /Allowed choices are account, strategy/);
});

test('instruments are declared and listed', async (context) => {
  const { asked, run } = await nodeByHand(context);
  const money = { currency: 'CNY', rate: '0.14', multiplier: 10, tickSize: '1', lot: '1' };
  const rebar = { symbol: 1, symbolName: 'rb2610', exchange: 'SHFE', product: 'rb', ...money };
  const declare = 'instruments set rb2610 --multiplier 10 --tick-size 1 --why listed';
  const shown = await run(declare, { ...rebar, fromFile: false });
  assert.match(shown, /\nrb2610 +SHFE +rb +CNY +0.14 +10 +1 +1 +a person$/);
  assert.equal(
    asked.at(-1),
    'POST /api/instruments {"symbol":"rb2610","multiplier":10,"tickSize":"1","why":"listed"}',
  );
});
