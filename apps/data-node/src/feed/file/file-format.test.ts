// Formats of files that people have, on files written by hand: what is recognised, and what rows
// come of it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filesIn, rowsOf } from './file-test-kit.js';

test('Binance trades: no header; milliseconds, and microseconds since 2025', async (context) => {
  const old = '1001,42000.10,0.005,210.0005,1704067200123,True,True\n';
  const micros =
    '4359817,93576.01000000,0.00100000,93.57601000,1735689600000001,false,true\n' +
    '4359818,93575.99000000,0.50000000,46787.99500000,1735689600999999,true,true\n';
  const paths = filesIn(context, {
    'BTCUSDT-trades-2024-01-01.csv': old,
    'BTCUSDT-trades-2025-01-01.csv': micros,
  });
  const { trades, ticks, stats } = await rowsOf(paths);
  assert.deepEqual(trades, [
    '2024-01-01T00:00:00.123Z BTCUSDT 42000.1 0.005 1001 6',
    '2025-01-01T00:00:00.000001Z BTCUSDT 93576.01 0.001 4359817 5',
    '2025-01-01T00:00:00.999999Z BTCUSDT 93575.99 0.5 4359818 6',
  ]);
  assert.equal(ticks[1], '2025-01-01T00:00:00.000001Z BTCUSDT 93576.01 0.001 0 0 0 0');
  assert.deepEqual([ticks.length, stats.malformed, stats.messages], [3, 0, 3]);
});

test('Binance futures trades have a header', async (context) => {
  const paths = filesIn(context, {
    'ETHUSDT-trades-2023-05-01.csv':
      'id,price,qty,quote_qty,time,is_buyer_maker\n7,1900.5,2,3801,1682899200000,true\n',
  });
  const { trades } = await rowsOf(paths);
  assert.deepEqual(trades, ['2023-05-01T00:00:00.Z ETHUSDT 1900.5 2 7 6']);
});

test('Binance aggregated trades, known by their shape', async (context) => {
  const paths = filesIn(context, {
    'a.csv': '26129,0.01633102,4.70443515,27781,27781,1498793709153,true,true\n',
  });
  await assert.rejects(rowsOf(paths), /neither it nor its name has a symbol/);
  const { trades } = await rowsOf(paths, { symbol: 'BNBBTC' });
  assert.deepEqual(trades, ['2017-06-30T03:35:09.153Z BNBBTC 0.01633102 4.70443515 26129 6']);
});

test('Binance best quotes become ticks with the middle as their price', async (context) => {
  const paths = filesIn(context, {
    'BTCUSDT-bookTicker-2024-01-01.csv':
      'update_id,best_bid_price,best_bid_qty,best_ask_price,best_ask_qty,' +
      'transaction_time,event_time\n' +
      '1,42000,1.5,42001,2,1704067200010,1704067200012\n' +
      '2,0,0,42001,2,1704067200020,1704067200022\n3,42000,1.5,0,0,1704067200030,1704067200032\n',
  });
  const { ticks } = await rowsOf(paths);
  assert.deepEqual(ticks, [
    '2024-01-01T00:00:00.01Z BTCUSDT 42000.5 0 42000 1.5 42001 2',
    '2024-01-01T00:00:00.02Z BTCUSDT 42001 0 0 0 42001 2',
    '2024-01-01T00:00:00.03Z BTCUSDT 42000 0 42000 1.5 0 0',
  ]);
});

test('Binance klines: a bar is known at its end', async (context) => {
  const rest = '61.5,1,0.5,30,0';
  const paths = filesIn(context, {
    'BTCUSDT-1m-2024-01-01.csv': `1704067200000,1,4,0.5,3,10,1704067259999,${rest}\n`,
    'BTCUSDT-1m-2025-01-01.csv': `1735689600000000,1,4,0.5,2,20,1735689659999999,${rest}\n`,
  });
  const { ticks } = await rowsOf(paths);
  assert.deepEqual(ticks, [
    '2024-01-01T00:01:00.Z BTCUSDT 3 10 0 0 0 0',
    '2025-01-01T00:01:00.Z BTCUSDT 2 20 0 0 0 0',
  ]);
});

test('plain OHLCV: each bar at its end, by distance or by what is said', async (context) => {
  const bars =
    'Date,Open,High,Low,Close,Volume,Ticker\n' +
    '2024-01-02,1,2,0.5,1.5,100,AAA\n2024-01-02,9,9,9,9,,BBB\n2024-01-03,1,3,1,2.5,200,AAA\n';
  const one = 'timestamp,open,high,low,close,volume\n1704067200,1,2,0.5,1.5,100\n';
  const paths = filesIn(context, { 'daily.csv': bars, 'XYZ_1m.csv': one });
  const { ticks } = await rowsOf(paths.slice(0, 1));
  assert.deepEqual(ticks, [
    '2024-01-03T00:00:00.Z AAA 1.5 100 0 0 0 0',
    '2024-01-03T00:00:00.Z BBB 9 0 0 0 0 0',
    '2024-01-04T00:00:00.Z AAA 2.5 200 0 0 0 0',
  ]);
  const minute = await rowsOf(paths.slice(1), { barSeconds: 60 });
  assert.deepEqual(minute.ticks, ['2024-01-01T00:01:00.Z XYZ 1.5 100 0 0 0 0']);
});

test('bars from newest to oldest are as long; of one alone nobody knows it', async (context) => {
  const header = 'date,open,high,low,close,ticker\n';
  const paths = filesIn(context, {
    'down.csv': `${header}2024-01-03,1,3,1,2.5,A\n2024-01-02,1,2,0.5,1.5,A\n`,
    'alone.csv': `${header}2024-01-02,1,2,0.5,1.5,A\n`,
  });
  const { ticks, stats, rejects } = await rowsOf(paths);
  assert.deepEqual(ticks, [
    '2024-01-04T00:00:00.Z A 2.5 0 0 0 0 0',
    '2024-01-03T00:00:00.Z A 1.5 0 0 0 0 0',
  ]);
  assert.deepEqual(stats.malformedBy, { file: 1 });
  assert.match(rejects[0]?.reason ?? '', /alone\.csv: .*how long.*--bar-seconds/);
});

test('our own ticks, and what others call the same', async (context) => {
  const paths = filesIn(context, {
    'ours.csv':
      'time,symbol,price,volume,bid1,ask1,bid_vol1,ask_vol1,flags\n' +
      '2026-01-02T09:30:00.000000001Z,AAPL,101.5,100,101.4,101.6,300,400,0\n',
    'theirs.csv': 'Timestamp,Ticker,Last,Size\n1704067200,MSFT,55,7\n',
  });
  const { ticks } = await rowsOf(paths);
  assert.deepEqual(ticks, [
    '2026-01-02T09:30:00.000000001Z AAPL 101.5 100 101.4 300 101.6 400',
    '2024-01-01T00:00:00.Z MSFT 55 7 0 0 0 0',
  ]);
});

test('LOBSTER: trades, quotes and the changes of the book', async (context) => {
  const message =
    '34200.004241176,1,16113575,18,5853300,1\n' +
    '34200.025551909,4,16120456,18,5859100,-1\n' +
    'not a number,3,1,1,1,1\n' +
    '34201.500000001,7,0,0,-1,-1\n' +
    '34201.600000000,7,0,0,0,-1\n';
  const book =
    '5859400,200,5853300,18,5859800,200,5853000,150\n' +
    '5859400,182,5853300,18,5859800,200,5853000,150\n' +
    '5859400,182,5853300,18,9999999999,0,5853000,150\n' +
    '5859400,182,5853300,18,9999999999,0,-9999999999,0\n'.repeat(2);
  const [path = ''] = filesIn(context, {
    'AAPL_2012-06-21_34200000_57600000_message_2.csv': message,
    'AAPL_2012-06-21_34200000_57600000_orderbook_2.csv': book,
  });
  const rows = await rowsOf([path], { utcOffset: '-04:00' });
  assert.deepEqual(rows.trades, ['2012-06-21T13:30:00.025551909Z AAPL 585.91 18 0 1']);
  assert.deepEqual(rows.ticks, [
    '2012-06-21T13:30:00.004241176Z AAPL 585.635 0 585.33 18 585.94 200',
    '2012-06-21T13:30:00.025551909Z AAPL 585.91 18 585.33 18 585.94 182',
  ]);
  assert.deepEqual(rows.book, [
    '2012-06-21T13:30:00.004241176Z AAPL 585.33 18 2',
    '2012-06-21T13:30:00.004241176Z AAPL 585.3 150 0',
    '2012-06-21T13:30:00.004241176Z AAPL 585.94 200 1',
    '2012-06-21T13:30:00.004241176Z AAPL 585.98 200 5',
    '2012-06-21T13:30:00.025551909Z AAPL 585.94 182 5',
    '2012-06-21T13:30:01.500000001Z AAPL 585.3 0 0',
    '2012-06-21T13:30:01.500000001Z AAPL 585.98 0 5',
  ]);
  assert.deepEqual(rows.halts, ['AAPL true']);
  assert.equal(rows.stats.malformed, 1);
  assert.match(rows.rejects[0]!.reason, /^line 3: /);
});

test('what is not recognised is refused with what can be said', async (context) => {
  const paths = filesIn(context, { 'x.csv': 'apple,pear\n1,2\n' });
  await assert.rejects(rowsOf(paths), /not recognised.*apple,pear.*lobster/s);
  const said = await rowsOf(filesIn(context, { 'x.csv': 'apple,time,price\n1,1704067200,5\n' }), {
    format: 'ticks',
    symbol: 'X',
  });
  assert.equal(said.ticks.length, 1);
});
