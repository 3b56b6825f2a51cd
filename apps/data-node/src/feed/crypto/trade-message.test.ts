// Trades read where they lie are what JSON.parse makes of them, or are left to it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTickBatch, createTradeBatch, TradeFlags } from '@ndts/protocol';
import { SeededRandom } from '@ndts/runtime';
import { FeedRows } from '../feed-rows.js';
import { tradeNumber } from '../trade-number.js';
import { CcxtDecoder } from './ccxt-decoder.js';
import { TradeMessage } from './trade-message.js';

const symbols = ['BTC/USDT', 'ETH/USDT:USDT', 'a', '', 'B\u00e9'].map((name, at) => ({
  id: at + 1,
  name,
}));

function rowsOf(): FeedRows {
  const rows = new FeedRows(4096, ['tick', 'trade'], () => undefined);
  rows.add(symbols);
  return rows;
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

function messageOf(trades: readonly unknown[], symbol = 'BTC/USDT'): string {
  return JSON.stringify({ kind: 'trades', symbol, trades });
}

function numberFrom(random: SeededRandom): number {
  const digits = 10 ** random.integer(16);
  const scale = 10 ** random.integer(14);
  return [random.integer(1000), random.integer(1e9) / scale, random.next() * digits, 1 / scale][
    random.integer(4)
  ]!;
}

test('what is read is to the bit what JSON.parse gives', () => {
  const random = new SeededRandom(7);
  const message = new TradeMessage();
  const { known } = rowsOf();
  let read = 0;
  for (let turn = 0; turn < 20_000; turn += 1) {
    const trades = Array.from({ length: random.integer(4) }, () => [
      ...[1 + random.integer(2e9), numberFrom(random), numberFrom(random)],
      [null, `${random.integer(1e9)}`, 'x-1', '', '123456789012345', '1234567890123456'][
        random.integer(6)
      ],
      ['buy', 'sell', null][random.integer(3)],
    ]);
    const text = messageOf(trades, symbols[random.integer(4)]!.name);
    if (!message.read(bytesOf(text), known)) continue;
    read += 1;
    assert.equal(message.count, trades.length);
    for (const [at, [ms, price, quantity, id, side]] of trades.entries()) {
      const found = [message.ms[at], message.price[at], message.quantity[at], message.number[at]];
      const number = typeof id === 'string' ? tradeNumber(id) : Number.NaN;
      assert.deepEqual(found, [ms, price, quantity, number], text);
      const { buy, sell } = TradeFlags;
      assert.equal(message.side[at], side === 'buy' ? buy : side === 'sell' ? sell : 0);
    }
  }
  assert.ok(read > 5000, `${read} read`);
});

test('what is written in any other way is not read, and changed bytes never say more', () => {
  const good = messageOf([[1767621600000, 100.25, 0.5, '17', 'buy']]);
  const message = new TradeMessage();
  const { known } = rowsOf();
  assert.ok(message.read(bytesOf(good), known));
  const others = [
    ...['', '{', good.slice(0, -1), `${good} `, good.replace(',', ' ,')],
    ...[
      '01.5',
      '1.',
      '.5',
      '-1',
      '1e2',
      '+1',
      '1.2.3',
      '',
      'null',
      '1234567890123456',
      '0.1e1',
    ].map((number) => good.replace('100.25', number)),
    ...[good.replace('buy', 'hold'), good.replace('"buy"', '1'), good.replace('"17"', '17')],
    ...[good.replace('BTC/USDT', 'XRP/USDT'), good.replace('BTC/USDT', 'B\u00e9')],
    ...[good.replace('17', '1\\u0037'), good.replace('trades"', 'trades" ')],
    ...[
      good.replace(']]}', ']]}}'),
      good.replace(']]}', '],]}'),
      good.replace('1767621600000', '0'),
    ],
  ];
  for (const text of others) assert.ok(!message.read(bytesOf(text), known), text);
  const random = new SeededRandom(3);
  for (let turn = 0; turn < 50_000; turn += 1) {
    const bytes = bytesOf(good);
    for (let change = 0; change <= random.integer(3); change += 1)
      bytes[random.integer(bytes.length)] = random.integer(256);
    if (!message.read(bytes, known)) continue;
    const parsed = JSON.parse(Buffer.from(bytes).toString()) as { trades: unknown[][] };
    assert.deepEqual(
      [message.ms[0], message.price[0], message.quantity[0]],
      parsed.trades[0]?.slice(0, 3),
    );
  }
});

test('read or parsed, a message makes the same rows', () => {
  const trades = [
    [1767621600000, 100.25, 0.5, '17', 'buy'],
    [1767621600001, 100.5, 2, '18', 'sell'],
    [1767621600001, 100.5, 2, '18', null],
    [1767621600002, 0.1, 3, '21', null],
  ];
  const text = messageOf(trades);
  const rowsFrom = (message: string): unknown[] => {
    const rows = rowsOf();
    const decoder = new CcxtDecoder(true);
    decoder.decode(bytesOf(message), rows);
    const [ticks, all] = [createTickBatch(10), createTradeBatch(10)];
    rows.takeTicks(ticks);
    rows.takeTrades(all);
    return [ticks, all, rows.gaps, rows.malformed, rows.clockOffsetNs(rows.receivedNs)];
  };
  const read = rowsFrom(text);
  assert.deepEqual(read, rowsFrom(text.replace('{"kind"', '{ "kind"')));
  assert.equal(read[2], 1);
});
