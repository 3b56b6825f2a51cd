// The traps of CTP tick files, one test each.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { type AllRows, filesIn, rowsOf } from './file-test-kit.js';

const none = '1.7976931348623157e+308';

interface Row {
  readonly trading?: string;
  readonly action?: string;
  readonly exchange?: string;
  readonly instrument?: string;
  readonly time: string;
  readonly ms?: number;
  readonly last?: string;
  readonly volume?: number;
  readonly bids?: readonly (readonly [price: string, volume: number])[];
  readonly asks?: readonly (readonly [price: string, volume: number])[];
}

const levels = [0, 1, 2, 3, 4];

const header = [
  'TradingDay,ActionDay,ExchangeID,InstrumentID,UpdateTime,UpdateMillisec,LastPrice,Volume',
  ...levels.map((at) =>
    [`BidPrice${at + 1}`, `BidVolume${at + 1}`, `AskPrice${at + 1}`, `AskVolume${at + 1}`].join(),
  ),
].join();

function line(row: Row): string {
  const side = (all: Row['bids'], at: number): string => {
    const [price, volume] = all?.[at] ?? [none, 0];
    return `${price},${volume}`;
  };
  const quotes = levels.map(
    (at) => `${side(row.bids ?? [['99', 5]], at)},${side(row.asks ?? [['101', 6]], at)}`,
  );
  return [
    row.trading ?? '20250103',
    row.action ?? '',
    row.exchange ?? 'SHFE',
    row.instrument ?? 'rb2505',
    row.time,
    row.ms ?? 0,
    row.last ?? '100',
    row.volume ?? 0,
    ...quotes,
  ].join();
}

function read(context: TestContext, rows: readonly Row[]): Promise<AllRows> {
  const text = [header, ...rows.map(line)].join('\n');
  return rowsOf(filesIn(context, { 'ticks.csv': `${text}\n` }));
}

const times = (rows: AllRows): string[] => rows.ticks.map((one) => one.split(' ')[0] ?? '');

test('local time is UTC+8, half seconds count', async (context) => {
  const rows = await read(context, [{ time: '09:30:00', ms: 500 }]);
  assert.deepEqual(times(rows), ['2025-01-03T01:30:00.5Z']);
});

test('rows without UpdateTime are dropped, counted and kept', async (context) => {
  const rows = await read(context, [{ time: '' }, { time: '9:30' }, { time: '09:30:00' }]);
  assert.equal(rows.ticks.length, 1);
  assert.equal(rows.stats.malformed, 2);
  assert.deepEqual(rows.rejects.map((one) => one.reason).sort(), [
    "UpdateTime: expected HH:MM:SS, found '9:30'",
    'no UpdateTime',
  ]);
});

test('DBL_MAX is no price; a level counts only with a volume', async (context) => {
  const rows = await read(context, [
    { time: '09:00:00', last: none },
    {
      time: '09:00:01',
      bids: [
        ['99', 5],
        ['98', 0],
        ['97', 2],
      ],
      asks: [[none, 0]],
    },
  ]);
  assert.deepEqual(rows.ticks, ['2025-01-03T01:00:01.Z rb2505 100 0 99 5 0 0']);
  assert.deepEqual(rows.book, [
    '2025-01-03T01:00:01.Z rb2505 99 5 2',
    '2025-01-03T01:00:01.Z rb2505 97 2 4',
  ]);
  assert.equal(rows.rejects[0]?.reason, 'no LastPrice');
});

test('the night has the date of the calendar, whatever the exchange writes', async (context) => {
  // 2025-01-06 is a Monday: its night is Friday the 3rd, and early Saturday the 4th.
  const monday = '20250106';
  const night = (exchange: string, action: string, time: string, trading = monday): Row => ({
    exchange,
    action,
    time,
    trading,
    instrument: `${exchange}${time}`,
  });
  const rows = await read(context, [
    night('SHFE', '20250103', '21:00:00'),
    night('SHFE', '20250104', '01:00:00'),
    night('DCE', monday, '21:00:00'),
    night('DCE', monday, '02:00:00'),
    night('INE', '', '21:00:00'),
    night('CZCE', '20250103', '21:00:00', '20250103'),
    night('CZCE', '', '21:00:00', '20250103'),
    night('DCE', '20250107', '21:30:00', '20250107'),
  ]);
  assert.deepEqual(times(rows), [
    '2025-01-03T13:00:00.Z',
    '2025-01-03T17:00:00.Z',
    '2025-01-03T13:00:00.Z',
    '2025-01-03T18:00:00.Z',
    '2025-01-03T13:00:00.Z',
    '2025-01-03T13:00:00.Z',
    '2025-01-03T13:00:00.Z',
    '2025-01-06T13:30:00.Z',
  ]);
});

test('the last session that is sent again at login is no tick', async (context) => {
  const rows = await read(context, [
    { time: '15:30:10' },
    { time: '15:00:00', trading: '20250106', action: '20250106' },
    { time: '21:00:00', trading: '20250106', action: '20250103' },
  ]);
  assert.deepEqual(times(rows), ['2025-01-03T13:00:00.Z']);
  assert.deepEqual(rows.rejects.map((one) => one.reason).sort(), [
    'outside of trading hours: the last session sent again',
    'the last session sent again under the next day',
  ]);
});

test('the volume of a tick is what the volume of the day grew', async (context) => {
  const rows = await read(context, [
    { time: '14:59:58', volume: 1000 },
    { time: '14:59:59', volume: 1007 },
    { time: '14:59:59', ms: 500, volume: 1007 },
    { time: '21:00:00', volume: 12, trading: '20250106', action: '20250103' },
    { time: '21:00:01', volume: 20, trading: '20250106', action: '20250103' },
  ]);
  assert.deepEqual(
    rows.ticks.map((one) => one.split(' ')[3]),
    ['0', '7', '0', '12', '8'],
  );
});
