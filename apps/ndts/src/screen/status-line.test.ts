import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DataStatus, ExecStatus } from '@ndts/protocol';
import { LiveLine, type Screen, statusLine } from './status-line.js';

const data: DataStatus = {
  timeMs: 0,
  ticksPerSecond: 1000.4,
  polled: 1,
  accepted: 1,
  rejected: {},
  marked: {},
  sources: [],
  arbitration: [],
  kinds: [],
  appendWaits: 0,
  symbols: 20,
  watermarks: {
    accepted: 12_345,
    durable: 12_340,
    replicated: 12_340,
    sealed: 10_000,
    durableLagMs: 3.14,
    replicatedLagMs: 25_000,
    sealedLagTicks: 2340,
  },
  shards: [],
};

const exec: ExecStatus = {
  timeMs: 0,
  tradingState: 'HALTED',
  signals: 3,
  orders: 2,
  denied: 1,
  fills: 2,
  openOrders: 0,
  unknownOrders: 1,
  realisedPnl: '10.5',
  unrealisedPnl: '-1',
  fees: '0.25',
  journalLagMs: 0,
  tickToOrderUs: { count: 0, p50: 0, p99: 0, p999: 0, max: 0 },
};

test('the line says what matters, in one line', () => {
  assert.equal(statusLine({ data: undefined, calc: undefined, exec: undefined }), 'starting');
  assert.equal(
    statusLine({ data, calc: undefined, exec }),
    '1,000 ticks/s | accepted 12,345 | durable 3.1 ms behind | replicated 25 s behind | ' +
      'sealed 2,340 ticks behind | orders 2 | PnL +9.25 | HALTED | 1 UNKNOWN',
  );
});

test('a narrow terminal loses what matters least, never orders and PnL', () => {
  const status = { data, calc: undefined, exec };
  const at80 = statusLine({ ...status, exec: { ...exec, unknownOrders: 0 } }, 79);
  assert.ok(at80.length <= 79, at80);
  assert.match(at80, /1,000 ticks\/s .*durable 3.1 ms behind .*orders 2 \| PnL \+9.25 \| HALTED/);
  assert.doesNotMatch(at80, /replicated|accepted/);
  const narrow = statusLine(status, 10);
  assert.equal(narrow, '1,000 ticks/s | orders 2 | PnL +9.25 | HALTED | 1 UNKNOWN');
});

function recorder(isTerminal: boolean): { screen: Screen; written: string[] } {
  const written: string[] = [];
  return { screen: { isTerminal, columns: 30, write: (text) => written.push(text) }, written };
}

test('a terminal is redrawn and cut to its width, a pipe gets a line every five seconds', () => {
  const terminal = recorder(true);
  const live = new LiveLine(terminal.screen);
  live.update('x'.repeat(100), 0);
  live.end();
  assert.deepEqual(terminal.written, [`\r\x1b[2K${'x'.repeat(29)}`, '\n']);

  const pipe = recorder(false);
  const plain = new LiveLine(pipe.screen);
  for (let ms = 0; ms <= 10_000; ms += 250) plain.update('line', ms);
  plain.end();
  assert.deepEqual(pipe.written, ['line\n', 'line\n', 'line\n']);
});
