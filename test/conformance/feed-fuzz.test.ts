// Every parser of the feeds on inputs that nobody made on purpose: files of each format, messages
// of exchanges, recordings, files of cleaning rules and calendars. Always, whatever comes: nothing
// is thrown but what says what is wrong, a feed gets to its end, its rows are of symbols there are,
// and its counts fit. The seed is printed; npm run fuzz-feeds is the long form.

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import {
  ccxtAbilities,
  ccxtDecoder,
  compileRules,
  createBookChangeBatch,
  type Feed,
  FileFeed,
  type FileFormatName,
  listRecordings,
  MessageFeed,
  type MessageEvents,
  Recorder,
  RecordingFeed,
} from '@ndts/data-node';
import { createTickBatch, createTradeBatch, NdtsError, timeFromMs } from '@ndts/protocol';
import { loadConfig, parseTextDocument, SeededRandom, VirtualClock } from '@ndts/runtime';
import { longRun } from '../kit/long-run.js';
import { Mutator } from '../kit/mutator.js';
import { testSeed } from '../kit/seed.js';
import { temporaryFolder } from '../kit/temporary-folder.js';

const startMs = Date.UTC(2026, 0, 5, 14);
const turnsMax = 1_000_000;

const rounds = (short: number): number => (longRun ? 300 * short : short);
/** Now and then it sleeps, so that a thread that reads gets its processor. */
const turn = (at: number): Promise<void> =>
  new Promise((resolve) =>
    at % 64 === 63 ? void setTimeout(resolve, 1) : void setImmediate(resolve),
  );

class Symbols {
  count = 0;
  readonly ensure = async (names: readonly string[]): Promise<Uint32Array> =>
    // Every seventh name may be no symbol.
    Uint32Array.from(names, () => this.#next());

  #next(): number {
    this.count += 1;
    return this.count % 7 === 6 ? 0 : this.count;
  }
}

/** Polls all kinds until the feed is at its end. */
async function drain(feed: Feed, symbols: Symbols): Promise<void> {
  const [ticks, trades, book] = [
    createTickBatch(64),
    createTradeBatch(64),
    createBookChangeBatch(64),
  ];
  let rows = 0;
  let turns = 0;
  for (; !feed.stats().isEnded && turns < turnsMax; turns += 1) {
    await turn(turns);
    rows += feed.poll(ticks);
    feed.pollTrades(trades);
    feed.pollBook(book);
    feed.pollHalts?.((symbol) => assert.ok(symbol > 0 && symbol <= symbols.count));
    for (const batch of [ticks, trades, book])
      for (let row = 0; row < batch.count; row += 1) {
        const symbol = batch.symbol[row] ?? 0;
        assert.ok(symbol > 0 && symbol <= symbols.count, `symbol ${symbol}`);
        assert.ok(!Number.isNaN(batch.day[row]), 'a row has a time');
      }
  }
  const stats = feed.stats();
  assert.ok(stats.isEnded, 'it gets to its end');
  assert.equal(stats.polled, rows);
  const byRule = Object.values(stats.malformedBy).reduce((sum, count) => sum + count, 0);
  assert.equal(byRule, stats.malformed);
  for (const { sample } of feed.rejects(50)) assert.ok(!/\p{C}/u.test(sample), sample);
}

/** Only errors that say what is wrong. */
async function orRefused(action: () => Promise<void> | void): Promise<void> {
  try {
    await action();
  } catch (error) {
    if (!(error instanceof NdtsError)) throw error;
    assert.notEqual(error.code, 'INTERNAL', error.message);
  }
}

async function fuzz(
  context: TestContext,
  samples: readonly Uint8Array[],
  times: number,
  run: (input: Buffer, round: number) => Promise<void> | void,
): Promise<void> {
  const mutator = new Mutator(new SeededRandom(testSeed(context)));
  for (let round = 0; round < times; round += 1) {
    const input = mutator.next(samples);
    try {
      await run(input, round);
    } catch (error) {
      const shown = input.subarray(0, 2000).toString('base64');
      throw new Error(`round ${round}, input ${shown}`, { cause: error });
    }
  }
}

const lines = (count: number, of: (at: number) => string): string =>
  Array.from({ length: count }, (_, at) => `${of(at)}\n`).join('');
const levels = [1, 2, 3, 4, 5].map(
  (at) => `BidPrice${at},BidVolume${at},AskPrice${at},AskVolume${at}`,
);
const ctpHead =
  'TradingDay,ActionDay,InstrumentID,UpdateTime,UpdateMillisec,LastPrice,Volume,' +
  `${levels.join()}\n`;
const tickLine = (at: number): string =>
  `2026-01-02T09:30:${10 + at}Z,S${at % 3},${at}.5,1,${at},${at + 1}`;
const barLine = (at: number): string => `2026-01-02T09:${10 + at}:00Z,1,2,0.5,1.5,10`;
const lobsterBook = lines(20, (at) => `${1000 + at},5,${990 + at},6`);

const files: Readonly<Record<string, { name: string; format?: FileFormatName; text: string }>> = {
  ticks: {
    name: 'ticks.csv',
    text: `time,symbol,price,volume,bid1,ask1\n${lines(20, tickLine)}`,
  },
  'binance-trades': {
    name: 'BTCUSDT-trades-2025-01-01.csv',
    text: lines(20, (at) => `${at},100.${at},0.5,50.0,${1_735_689_600_000_000 + at},true,true`),
  },
  'binance-klines': {
    name: 'klines.csv',
    format: 'binance-klines',
    text: lines(
      10,
      (at) => `${1_735_689_600_000 + at},1,2,0.5,1.5,10,${1_735_689_660_000 + at},9,3,1,1,0`,
    ),
  },
  bars: {
    name: 'X-bars.csv',
    format: 'bars',
    text: `time,open,high,low,close,volume\n${lines(10, barLine)}`,
  },
  ctp: {
    name: 'ctp.csv',
    text:
      ctpHead +
      lines(
        10,
        (at) =>
          `20250103,20250102,rb2505,21:00:0${at},500,99.${at},${at}${',98,5,100,6'.repeat(5)}`,
      ),
  },
  lobster: {
    name: 'AAPL_2012-06-21_34200000_57600000_message_1.csv',
    text: lines(
      20,
      (at) => `${34_200 + at}.5,${1 + (at % 7)},${at},5,1000${at},${at % 2 === 0 ? 1 : -1}`,
    ),
  },
};

for (const [format, { name, format: said, text }] of Object.entries(files))
  test(`files of ${format}`, async (context) => {
    const dir = await temporaryFolder(context);
    const path = join(dir, name);
    const samples = [Buffer.from(text)];
    if (format === 'lobster')
      writeFileSync(join(dir, name.replace('_message_', '_orderbook_')), lobsterBook);
    await fuzz(context, samples, rounds(12), async (input) => {
      writeFileSync(path, input);
      const symbols = new Symbols();
      const clock = new VirtualClock(startMs);
      const feed = new FileFeed({
        ...{ name: 'fuzzed', paths: [path], speed: 0, clock, ensure: symbols.ensure },
        format: said,
        chunkRows: 8,
      });
      await orRefused(async () => {
        await feed.connect();
        await drain(feed, symbols);
      });
      await feed.disconnect();
    });
  });

const zipped =
  'UEsDBBQACAAIAAAAJVwAAAAAAAAAAAAAAAAFAAAAYi5jc3YrycxN1SmuzE3Kz9EpKMpMTtUpy88pzU3lMjIw' +
  'MtM1MNQ1MAoxsLQyNrAyMIrScdQxNDDSMeQCAFBLBwhG+mGdOAAAADYAAABQSwMEFAAIAAgAAAAlXAAAAAAA' +
  'AAAAAAAAAAUAAABhLmNzdivJzE3VKa7MTcrP0SkoykxO1SnLzynNTeUyMjAy0zUw1DUwCjGwtDI2sDIwjNJx' +
  '1DE0MNQx5AIAUEsHCKkzNhY4AAAANgAAAFBLAQIUAxQACAAIAAAAJVxG+mGdOAAAADYAAAAFAAAAAAAAAAAA' +
  'AACAAQAAAABiLmNzdlBLAQIUAxQACAAIAAAAJVypMzYWOAAAADYAAAAFAAAAAAAAAAAAAACAAWsAAABhLmNz' +
  'dlBLBQYAAAAAAgACAGYAAADWAAAAAAA=';

test('files that are packed', async (context) => {
  const dir = await temporaryFolder(context);
  const path = join(dir, 'packed');
  const unpack = { dir: join(dir, 'unpacked'), bytesMax: 1_000_000 };
  const samples = [Buffer.from(zipped, 'base64'), gzipSync(files['ticks']?.text ?? '')];
  await fuzz(context, samples, rounds(20), async (input) => {
    writeFileSync(path, input);
    const symbols = new Symbols();
    const clock = new VirtualClock(startMs);
    const { ensure } = symbols;
    const feed = new FileFeed({ name: 'fuzzed', paths: [path], speed: 0, clock, ensure, unpack });
    await orRefused(async () => {
      await feed.connect();
      await drain(feed, symbols);
    });
    await feed.disconnect();
    if (existsSync(unpack.dir)) assert.deepEqual(readdirSync(unpack.dir), []);
  });
});

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const messages = [
  json({ kind: 'trades', symbol: 'A', trades: [[startMs, 100.5, 2, '17', 'buy']] }),
  json({ kind: 'quote', symbol: 'A', ms: startMs, bid: 99, bidVolume: 3, ask: 101, askVolume: 4 }),
  json({
    kind: 'book',
    symbol: 'A',
    ms: startMs,
    nonce: 5,
    full: true,
    bids: [[1, 2]],
    asks: [[3, 4]],
  }),
  json({ kind: 'repair', symbol: 'A', whole: true, trades: [[startMs, 1, 2, '3', 'sell']] }),
  json({ kind: 'halt', symbol: 'A', on: true }),
  json({ kind: 'lost', symbol: 'A' }),
  json({ kind: 'refused', symbol: 'A', reason: 'no' }),
];

test('messages of exchanges', async (context) => {
  let events: MessageEvents | undefined;
  const feed = new MessageFeed({
    name: 'fuzzed',
    abilities: ccxtAbilities,
    source: {
      open: async (of) => {
        events = of;
        const nothing = (): void => undefined;
        return { subscribe: nothing, unsubscribe: nothing, close: async () => undefined };
      },
    },
    decoder: ccxtDecoder('binance'),
    clock: new VirtualClock(startMs),
    random: new SeededRandom(1),
    symbols: [{ id: 1, name: 'A' }],
  });
  await feed.connect();
  const ticks = createTickBatch(64);
  let count = 0;
  await fuzz(context, messages, rounds(2000), (input) => {
    events?.message(input);
    count += 1;
    while (feed.poll(ticks) > 0)
      for (let row = 0; row < ticks.count; row += 1) assert.equal(ticks.symbol[row], 1);
  });
  assert.equal(feed.stats().messages, count);
  assert.ok(feed.stats().malformed > 0 && feed.stats().polled > 0);
  await feed.disconnect();
});

test('recordings', async (context) => {
  const dir = join(await temporaryFolder(context), 'recording');
  const clock = new VirtualClock(startMs);
  const recorder = new Recorder({ dir, clock });
  recorder.opened(timeFromMs(startMs));
  recorder.subscribed(['A'], timeFromMs(startMs));
  for (const [at, message] of messages.entries())
    recorder.message(message, timeFromMs(startMs + at));
  await recorder.close();
  const [path = ''] = await listRecordings(dir);
  const samples = [readFileSync(path)];
  const changed = join(dir, 'changed');
  mkdirSync(changed);
  const file = join(changed, path.slice(path.lastIndexOf('/') + 1));
  await fuzz(context, samples, rounds(25), async (input) => {
    writeFileSync(file, input);
    const symbols = new Symbols();
    const feed = new RecordingFeed({
      ...{ name: 'fuzzed', paths: [file], decoder: ccxtDecoder('binance'), speed: 0, clock },
      ...{ abilities: ccxtAbilities, random: new SeededRandom(1), ensure: symbols.ensure },
    });
    await orRefused(async () => {
      await feed.connect();
      await drain(feed, symbols);
    });
    await feed.disconnect();
  });
});

const rulesText = `
calendars:
  shfe:
    zone: Asia/Shanghai
    sessions: ["09:00-10:15", "13:30-15:00"]
    nightSessions: ["21:00-02:30"]
    holidays: [2026-01-01, 2026-02-16..2026-02-22]
    specialDays: { 2026-12-31: ["09:00-11:30"] }
classes:
  metal: { calendar: shfe, tickSize: 0.02, rules: { jump: mark }, quality: { staleMs: 5 } }
  silver: { extends: metal, priceMax: 100 }
symbols:
  - { match: ["au*", "z?"], class: metal, priceMax: 3000 }
`;

test('files of cleaning rules and calendars', async (context) => {
  const config = loadConfig({ args: {}, environment: {} });
  const span = { firstDay: 20_400, lastDay: 20_430 };
  await fuzz(context, [Buffer.from(rulesText)], rounds(40), (input) =>
    orRefused(() => {
      const document = parseTextDocument(input.toString('utf8'), 'yaml', 'rules.yaml');
      compileRules(document, config, span).rulesOf('au2612');
    }),
  );
});
