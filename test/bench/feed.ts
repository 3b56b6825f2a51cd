// Feeds. feed_parse: records of each format, and messages, until they are polled as rows.
// record_replay: messages into a recording, and out of it through the decoder. ingest_feed:
// messages of another process on a WebSocket until their ticks are accepted and on a ring, at a
// rate and as fast as they come; this thread and the sender where they like, and pinned.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  openCleaner,
  ccxtAbilities,
  ccxtDecoder,
  type Feed,
  FileFeed,
  listRecordings,
  MessageFeed,
  type MessageEvents,
  type MessageSource,
  Recorder,
  RecordingFeed,
} from '@ndts/data-node';
import { openDatabase } from '@ndts/native/db';
import { createTickRings, type Database, type TickRingWriter } from '@ndts/storage';
import { createTickBatch, errorLine, shardOf, timeFromMs } from '@ndts/protocol';
import { AgentLoop, loadConfig, SeededRandom, SystemClock } from '@ndts/runtime';
import { WebSocket } from 'ws';
import {
  answerHash,
  type Bench,
  type BenchContext,
  percentile,
  percentiles,
  pick,
} from './kit/bench.js';
import { pin } from './kit/pin.js';
import { Stages } from './kit/stages.js';
import { storageOptions } from './storage.js';

const clock = new SystemClock();
const symbolCount = 100;
const startMs = Date.UTC(2026, 0, 5, 14);
/** Between two looks whether all is done. */
const lookMs = 20;
const symbols = Array.from({ length: symbolCount }, (_, at) => ({
  id: at + 1,
  name: `S${at}/USDT`,
}));
const symbolIds = new Map(symbols.map(({ id, name }) => [name, id]));

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

async function ensure(names: readonly string[]): Promise<Uint32Array> {
  return Uint32Array.from(names, (name) => symbolIds.get(name) ?? 1);
}

/** Polls until the end; the ticks and a hash of their prices. */
async function drain(feed: Feed): Promise<{ rows: number; answer: string }> {
  const batch = createTickBatch(1024);
  let rows = 0;
  let sum = 0;
  await feed.connect();
  while (!feed.stats().isEnded) {
    while (feed.poll(batch) > 0) {
      rows += batch.count;
      for (let row = 0; row < batch.count; row += 1) sum += batch.price[row] ?? 0;
    }
    await turn();
  }
  await feed.disconnect();
  return { rows, answer: answerHash(rows, sum) };
}

const price = (row: number): string => (100 + ((row * 7919) % 997) / 100).toFixed(2);

function ctpLine(row: number): string {
  const at = 9 * 3600 + Math.floor(row / 2 / symbolCount);
  const two = (value: number): string => String(value).padStart(2, '0');
  const time = `${two(Math.floor(at / 3600))}:${two(Math.floor(at / 60) % 60)}:${two(at % 60)}`;
  const levels = Array.from({ length: 5 }, (_, level) => `${99 - level},5,${112 + level},6`).join();
  const half = row % 2 === 0 ? 0 : 500;
  const head = `20250103,20250103,SHFE,rb${row % symbolCount},${time},${half}`;
  return `${head},${price(row)},${row},${levels}`;
}

const ctpNames = [
  'TradingDay,ActionDay,ExchangeID,InstrumentID,UpdateTime,UpdateMillisec,LastPrice,Volume',
  ...[1, 2, 3, 4, 5].map((at) => `BidPrice${at},BidVolume${at},AskPrice${at},AskVolume${at}`),
].join();

const formats: Readonly<
  Record<string, { name: string; header: string; line: (row: number) => string }>
> = {
  ticks: {
    name: 'ticks.csv',
    header: 'time,symbol,price,volume,bid1,ask1,bid_vol1,ask_vol1\n',
    line: (row) =>
      `${new Date(startMs + row).toISOString()},S${row % symbolCount}/USDT,` +
      `${price(row)},1,99,112,3,4`,
  },
  'binance-trades': {
    name: 'BTCUSDT-trades-2025-01-01.csv',
    header: '',
    line: (row) => `${row},${price(row)},0.5,50.0,${1_735_689_600_000_000 + row},true,true`,
  },
  ctp: {
    name: 'ctp.csv',
    header: `${ctpNames}\n`,
    line: ctpLine,
  },
};

function message(row: number, quantity: number): Buffer {
  const symbol = `S${row % symbolCount}/USDT`;
  const trades = [
    [startMs + Math.floor(row / 50), Number(price(row)), quantity, String(row), 'buy'],
  ];
  return Buffer.from(JSON.stringify({ kind: 'trades', symbol, trades }));
}

/** Messages that are there already, as a source: for decoding alone. */
function givenSource(messages: readonly Buffer[], onEnd: () => void): MessageSource {
  return {
    open: async (events: MessageEvents) => {
      let at = 0;
      let isOpen = true;
      const push = (): void => {
        for (let count = 0; count < 4096 && at < messages.length; count += 1) {
          events.message(messages[at]!);
          at += 1;
        }
        if (at === messages.length) onEnd();
        else if (isOpen) setImmediate(push);
      };
      setImmediate(push);
      return {
        subscribe: () => undefined,
        unsubscribe: () => undefined,
        close: async () => {
          isOpen = false;
        },
      };
    },
  };
}

async function parseMessages(context: BenchContext, count: number): Promise<void> {
  const messages = Array.from({ length: count }, (_, row) => message(row, 1));
  let isOver = false;
  const feed = new MessageFeed({
    name: 'given',
    abilities: ccxtAbilities,
    source: givenSource(messages, () => {
      isOver = true;
    }),
    decoder: ccxtDecoder('other'),
    clock,
    random: new SeededRandom(1),
    symbols,
    kinds: ['tick'],
  });
  const batch = createTickBatch(1024);
  let rows = 0;
  const begin = performance.now();
  await feed.connect();
  while (!isOver || feed.stats().backlog > 0) {
    while (feed.poll(batch) > 0) rows += batch.count;
    await turn();
  }
  const seconds = (performance.now() - begin) / 1000;
  await feed.disconnect();
  context.emit({
    bench: 'feed_parse',
    params: { format: 'messages', records: count },
    metric: 'messages',
    value: count / seconds,
    unit: 'messages/s',
    answer: answerHash(rows, feed.stats().malformed),
  });
}

export const feedParse: Bench = {
  name: 'feed_parse',
  about: 'files and messages of feeds until they are polled as ticks, on one core',
  run: async (context) => {
    const count = pick(context.size, { smoke: 5000, small: 500_000, full: 5_000_000 });
    for (const [format, { name, header, line }] of Object.entries(formats)) {
      const dir = join(context.dir, `feed-${format}`);
      mkdirSync(dir);
      const path = join(dir, name);
      const parts: string[] = [];
      for (let row = 0; row < count; row += 1) parts.push(line(row));
      writeFileSync(path, `${header}${parts.join('\n')}\n`);
      const feed = new FileFeed({ name, paths: [path], speed: 0, clock, ensure, kinds: ['tick'] });
      const begin = performance.now();
      const { rows, answer } = await drain(feed);
      const seconds = (performance.now() - begin) / 1000;
      if (rows !== count) throw new Error(`${format}: ${rows} ticks of ${count} records`);
      context.emit({
        bench: 'feed_parse',
        params: { format, records: count },
        metric: 'records',
        value: rows / seconds,
        unit: 'records/s',
        answer,
      });
    }
    await parseMessages(
      context,
      pick(context.size, { smoke: 5000, small: 300_000, full: 3_000_000 }),
    );
  },
};

export const recordReplay: Bench = {
  name: 'record_replay',
  about: 'messages of a feed into a recording, and out of it through the decoder',
  run: async (context) => {
    const count = pick(context.size, { smoke: 5000, small: 500_000, full: 5_000_000 });
    const messages = Array.from({ length: Math.min(count, 100_000) }, (_, row) => message(row, 1));
    const dir = join(context.dir, 'recording');
    const recorder = new Recorder({ dir, clock });
    const emit = (metric: string, value: number, unit: string, answer: string): void =>
      context.emit({
        bench: 'record_replay',
        params: { messages: count },
        metric,
        value,
        unit,
        answer,
      });
    const begin = performance.now();
    recorder.opened(timeFromMs(startMs));
    recorder.subscribed([...symbolIds.keys()], timeFromMs(startMs));
    for (let row = 0; row < count; row += 1) {
      recorder.message(messages[row % messages.length]!, timeFromMs(startMs + row / 1000));
      if (row % 10_000 === 0) await turn();
    }
    const taken = (performance.now() - begin) / 1000;
    await recorder.close();
    const written = (performance.now() - begin) / 1000;
    const { fileBytes, rawBytes, lost, messages: kept } = recorder.stats();
    const answer = answerHash(kept + lost);
    emit('taken', count / taken, 'messages/s', answer);
    emit('on_disk', kept / written, 'messages/s', answer);
    emit('packed', (100 * fileBytes) / rawBytes, '% of size', answer);
    const feed = new RecordingFeed({
      name: 'replay',
      paths: await listRecordings(dir),
      decoder: ccxtDecoder('other'),
      abilities: ccxtAbilities,
      speed: 0,
      clock,
      random: new SeededRandom(1),
      ensure,
      kinds: ['tick'],
    });
    const again = performance.now();
    const replayed = await drain(feed);
    emit('replay', kept / ((performance.now() - again) / 1000), 'messages/s', replayed.answer);
  },
};

/** One WebSocket as a source. */
function socketSource(port: number, heard: () => void): MessageSource {
  return {
    open: (events) =>
      new Promise((resolve, reject) => {
        const socket = new WebSocket(`ws://127.0.0.1:${port}`);
        socket.on('message', (data: Buffer) => {
          heard();
          events.message(data);
        });
        socket.on('close', () => events.closed('closed'));
        socket.on('error', reject);
        socket.on('open', () =>
          resolve({
            subscribe: () => undefined,
            unsubscribe: () => undefined,
            flow: { pause: () => socket.pause(), resume: () => socket.resume() },
            close: async () => socket.terminate(),
          }),
        );
      }),
  };
}

function socketFeed(port: number, heard: () => void): MessageFeed {
  return new MessageFeed({
    name: 'socket',
    abilities: ccxtAbilities,
    source: socketSource(port, heard),
    decoder: ccxtDecoder('other'),
    clock,
    random: new SeededRandom(1),
    symbols,
    kinds: ['tick'],
  });
}

async function startSender(
  task: object,
  isPinned: boolean,
): Promise<{ sender: ChildProcess; port: number }> {
  const script = fileURLToPath(new URL('./kit/feed-sender.js', import.meta.url));
  const words = [process.execPath, script, JSON.stringify(task)];
  const [program = '', ...args] = isPinned ? ['taskset', '-c', '1', ...words] : words;
  const sender = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const port = await new Promise<number>((resolve, reject) => {
    sender.once('message', resolve);
    sender.once('error', reject);
    sender.once('exit', (code) => reject(new Error(`the sender ended with ${code}`)));
  });
  return { sender, port };
}

function nowUs(): number {
  return Math.floor(clock.monotonicNs() / 1000);
}

function openWithSymbols(dir: string, stagingDir: string): Database {
  const database = openDatabase(storageOptions(dir, stagingDir));
  for (const { id, name } of symbols) database.registerSymbol(id, shardOf(name, 64), name);
  return database;
}

function ringsOf(database: Database, dir: string): TickRingWriter {
  const shards = Array.from({ length: 64 }, (_, shard) => shard);
  return createTickRings({
    dir,
    slotCount: 65_536,
    epochs: shards.map((shard) => database.epoch(shard)),
    firstSequences: shards.map((shard) => database.nextSequence(shard)),
  });
}

/** The duty cycle of a node, with this as its only work. */
async function loopUntil(feed: Feed, doWork: () => number, isOver: () => boolean): Promise<void> {
  const { loop: values } = loadConfig({ args: {}, environment: {} });
  let failure = '';
  const agent = { name: 'ingest', doWork, dueNs: () => feed.dueNs?.() };
  const loop = new AgentLoop([agent], {
    ...values,
    clock,
    onError: (_, error) => {
      failure = errorLine(error);
    },
  });
  feed.onRows = () => loop.wake();
  loop.start();
  while (!isOver()) {
    await sleep(lookMs);
    if (failure !== '') throw new Error(failure);
    if (feed.stats().state !== 'connected') throw new Error(feed.stats().reason);
  }
  await loop.stop();
}

interface Ingest {
  /** Messages a second; 0: as fast as they come. */
  readonly rate: number;
  /** Messages, and how many before them are not counted. */
  readonly count: number;
  readonly warmUp: number;
  readonly wantsPin: boolean;
}

async function ingestAt(
  context: BenchContext,
  { rate, count, warmUp, wantsPin }: Ingest,
): Promise<void> {
  const name = `ingest-${rate}-${wantsPin}`;
  const [dir, stagingDir] = [join(context.dir, name), join(context.memory, name)];
  for (const one of [dir, stagingDir]) mkdirSync(one);
  const database = openWithSymbols(dir, stagingDir);
  const cleaner = openCleaner(loadConfig({ args: {}, environment: {} }));
  const beginUs = nowUs();
  const rings = ringsOf(database, join(stagingDir, 'rings'));
  // Behind the database, whose threads would be kept there, too.
  const unpin = wantsPin ? pin() : undefined;
  const isPinned = unpin !== undefined;
  const all = warmUp + count;
  const task = { rate, count: all, beginUs, symbolCount, startMs };
  const { sender, port } = await startSender(task, isPinned);
  const stages = new Stages(all, warmUp);
  const feed = socketFeed(port, () => stages.heard(nowUs() - beginUs));
  const batch = createTickBatch(1024);
  const refused = createTickBatch(1024);
  const latencyUs = new Float64Array(all);
  let rows = 0;
  let accepted = 0;
  let [begin, used, before] = [performance.now(), process.cpuUsage(), 0];
  let [end, usedAll] = [begin, used];
  const doWork = (): number => {
    const count = feed.poll(batch);
    if (count === 0) return 0;
    rows += count;
    cleaner.clean(batch, refused);
    if (batch.count > 0) {
      database.appendTicks(batch);
      rings.publish(batch);
    }
    const us = nowUs() - beginUs;
    for (let row = 0; row < batch.count; row += 1)
      latencyUs[accepted + row] = us - (batch.volume[row] ?? 0);
    stages.published(us, batch.volume, batch.count);
    accepted += batch.count;
    if (before === 0 && accepted >= warmUp)
      [begin, used, before] = [performance.now(), process.cpuUsage(), accepted];
    if (rows >= all) [end, usedAll] = [performance.now(), process.cpuUsage()];
    return count;
  };
  await feed.connect();
  await loopUntil(feed, doWork, () => rows >= all);
  const seconds = (end - begin) / 1000;
  const usedUs = usedAll.user + usedAll.system - used.user - used.system;
  await feed.disconnect();
  sender.kill();
  unpin?.();
  rings.close();
  cleaner.close();
  database.close();
  const params = { rate: rate || 'max', messages: count, warm_up: warmUp, pinned: isPinned };
  const line = { bench: 'ingest_feed', params, answer: answerHash(rows) };
  const values = stages.values();
  const counted = accepted - before;
  context.emit({ ...line, metric: 'processor', value: usedUs / counted, unit: 'us/message' });
  if (rate === 0)
    context.emit({ ...line, metric: 'accepted', value: counted / seconds, unit: 'messages/s' });
  else {
    const sorted = latencyUs.subarray(warmUp, accepted).sort();
    for (const [metric, fraction] of percentiles)
      context.emit({ ...line, metric, value: percentile(sorted, fraction), unit: 'us' });
    // A refused row would have set the others against the wrong messages.
    if (accepted === rows) for (const stage of values) context.emit({ ...line, ...stage });
  }
}

export const ingestFeed: Bench = {
  name: 'ingest_feed',
  about: 'messages on a WebSocket until their ticks are on a ring: at 50,000 a second, and at most',
  run: async (context) => {
    const rate = pick(context.size, { smoke: 5000, small: 50_000, full: 50_000 });
    const seconds = pick(context.size, { smoke: 0.2, small: 5, full: 30 });
    const most = pick(context.size, { smoke: 2000, small: 300_000, full: 2_000_000 });
    // As long as it takes until the path is compiled: what a node does in its first second only.
    const warmSeconds = pick(context.size, { smoke: 0, small: 2, full: 5 });
    for (const wantsPin of context.size === 'smoke' ? [false] : [false, true]) {
      const warmUp = rate * warmSeconds;
      await ingestAt(context, { rate, count: rate * seconds, warmUp, wantsPin });
      await ingestAt(context, { rate: 0, count: most, warmUp, wantsPin });
    }
  },
};
