// What was recorded of a feed replays through the same code to the same bytes, whatever happened
// while it ran; and what a crash, a full disk or a bad sector does to a recording.

import assert from 'node:assert/strict';
import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  type BadStretch,
  type Feed,
  listRecordings,
  MessageFeed,
  Recorder,
  RecordingFeed,
  RecordingReader,
} from '@ndts/data-node';
import { createTickBatch, msPerDay, nsPerDay, nsPerMs } from '@ndts/protocol';
import { SeededRandom, VirtualClock } from '@ndts/runtime';
import { temporaryFolder } from '../kit/temporary-folder.js';
import { passTime, ScriptedDecoder, ScriptedVenue } from './scripted-venue.js';

const startMs = Date.UTC(2026, 0, 5, 23, 59, 59);
const names = ['A', 'B', 'C'];
const symbols = names.map((name, index) => ({ id: index + 1, name }));
const abilities = { trades: false, book: false, waits: true, repairs: true };
const columns = ['day', 'nsOfDay', 'price', 'volume', 'bid', 'ask', 'symbol', 'flags'] as const;

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** All columns of the ticks there are, as bytes. */
class Bytes {
  readonly parts: Buffer[] = [];
  rows = 0;

  take(feed: Feed, size: number): void {
    const batch = createTickBatch(size);
    while (feed.poll(batch) > 0) {
      this.rows += batch.count;
      for (let row = 0; row < batch.count; row += 1)
        this.parts.push(
          Buffer.concat(columns.map((name) => Buffer.from(batch[name].slice(row, row + 1).buffer))),
        );
    }
  }

  get all(): Buffer {
    return Buffer.concat(this.parts);
  }
}

interface Recorded {
  readonly dir: string;
  readonly bytes: Bytes;
  readonly feed: MessageFeed;
  readonly recorder: Recorder;
}

/** A life with everything in it, over midnight. */
async function record(dir: string, fromMs = startMs): Promise<Recorded> {
  const clock = new VirtualClock(fromMs);
  const venue = new ScriptedVenue({ clock, aheadMs: 7, canWait: true, canRepair: true });
  const recorder = new Recorder({ dir, clock, flushMs: 100 });
  const feed = new MessageFeed({
    name: 'scripted',
    abilities,
    source: venue,
    decoder: new ScriptedDecoder(),
    clock,
    random: new SeededRandom(1),
    symbols: symbols.slice(0, 2),
    recorder,
  });
  const bytes = new Bytes();
  const run = async (ms: number): Promise<void> => {
    for (let at = 0; at < ms; at += 50) {
      await passTime(clock, 50, () => venue.step());
      bytes.take(feed, 100);
    }
  };
  await feed.connect();
  await run(500);
  feed.subscribe(symbols);
  venue.lose();
  await run(300);
  venue.garbage();
  venue.cut();
  bytes.take(feed, 100);
  await run(2000);
  feed.unsubscribe(symbols.slice(0, 1));
  await run(300);
  bytes.take(feed, 100);
  await feed.disconnect();
  await recorder.close();
  return { dir, bytes, feed, recorder };
}

async function replay(
  paths: readonly string[],
  options: { readonly speed?: number; readonly size?: number } = {},
): Promise<{ bytes: Bytes; feed: RecordingFeed }> {
  const clock = new VirtualClock(Date.UTC(2030, 0, 1));
  const feed = new RecordingFeed({
    name: 'replay',
    paths,
    decoder: new ScriptedDecoder(),
    abilities,
    speed: options.speed ?? 0,
    clock,
    random: new SeededRandom(2),
    ensure: async (fresh) => Uint32Array.from(fresh, (name) => names.indexOf(name) + 1),
  });
  const bytes = new Bytes();
  await feed.connect();
  for (let turns = 0; !feed.stats().isEnded; turns += 1) {
    assert.ok(turns < 50_000, 'it never ends');
    await turn();
    clock.advance(10 * nsPerMs);
    bytes.take(feed, options.size ?? 64);
  }
  await feed.disconnect();
  return { bytes, feed };
}

test('a replay gives the same bytes, whatever happened, at any speed', async (context) => {
  const dir = await temporaryFolder(context);
  const live = await record(dir);
  const paths = await listRecordings(dir);
  assert.deepEqual(
    paths.map((path) => path.slice(dir.length + 1)),
    ['2026-01-05-00.rec', '2026-01-06-00.rec'],
  );
  assert.equal(live.feed.stats().reconnects, 1);
  for (const options of [{}, { size: 1 }, { speed: 50, size: 1000 }]) {
    const { bytes, feed } = await replay(paths, options);
    const [was, is] = [live.feed.stats(), feed.stats()];
    for (const name of ['messages', 'malformed', 'gaps', 'gapsRepaired', 'polled'] as const)
      assert.equal(is[name], was[name], name);
    assert.ok(Object.is(is.clockOffsetNs, was.clockOffsetNs));
    assert.equal(bytes.rows, live.bytes.rows);
    assert.ok(bytes.all.equals(live.bytes.all));
  }
  const { messages, lost, fileBytes, rawBytes } = live.recorder.stats();
  assert.deepEqual([messages, lost], [live.feed.stats().messages, 0]);
  assert.ok(fileBytes < rawBytes);
});

test('a day alone has its rows, though the connection is of the day before', async (context) => {
  const dir = await temporaryFolder(context);
  const live = await record(dir);
  const [first = '', second = ''] = await listRecordings(dir);
  const [one, other] = [await replay([first]), await replay([second])];
  assert.ok(one.bytes.rows > 0 && other.bytes.rows > 0);
  const both = Buffer.concat([one.bytes.all, other.bytes.all]);
  assert.ok(both.equals(live.bytes.all));
});

test('at its own pace it does not wait for the days between two recordings', async (context) => {
  const dir = await temporaryFolder(context);
  const lives = [await record(dir), await record(dir, startMs + 3 * msPerDay)];
  const { bytes } = await replay(await listRecordings(dir), { speed: 1 });
  assert.ok(bytes.all.equals(Buffer.concat(lives.map((life) => life.bytes.all))));
});

test('each day says what is subscribed to, also of the day before', async (context) => {
  const dir = await temporaryFolder(context);
  const clock = new VirtualClock(startMs);
  const recorder = new Recorder({ dir, clock });
  recorder.subscribed(['A'], clock.now());
  recorder.message(bytesOf('1'), clock.now());
  clock.advance(nsPerDay);
  recorder.subscribed(['B'], clock.now());
  for (const text of ['2', '3']) recorder.message(bytesOf(text), clock.now());
  await recorder.close();
  assert.deepEqual(await Promise.all((await listRecordings(dir)).map((path) => textsOf([path]))), [
    ['["A"]', '1'],
    ['["B"]', '["A","B"]', '2', '3'],
  ]);
});

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Of the first block. */
async function textsOf(paths: readonly string[]): Promise<string[]> {
  const reader = new RecordingReader(paths, () => assert.fail());
  const records = (await reader.next()) ?? [];
  await reader.close();
  return records.map(({ bytes }) => Buffer.from(bytes).toString());
}

/** Opens files whose writes fail while `isFull` says so, as those of a full disk. */
function fullDisk(isFull: () => boolean): { openFile: typeof open; openNow: Set<FileHandle> } {
  const openNow = new Set<FileHandle>();
  const openFile: typeof open = async (...how) => {
    const file = await open(...how);
    openNow.add(file);
    const [write, close] = [file.writeFile.bind(file), file.close.bind(file)];
    file.writeFile = async (...what) => {
      if (isFull()) throw new Error('ENOSPC: no space left on device');
      return write(...what);
    };
    file.close = () => {
      openNow.delete(file);
      return close();
    };
    return file;
  };
  return { openFile, openNow };
}

test('a full disk is left as it was; what comes behind it can be replayed', async (context) => {
  const dir = await temporaryFolder(context);
  let isFull = true;
  const { openFile, openNow } = fullDisk(() => isFull);
  const clock = new VirtualClock(startMs);
  const recorder = new Recorder({ dir, clock, openFile });
  recorder.opened(clock.now());
  recorder.subscribed(['A', 'B'], clock.now());
  for (let at = 0; at < 5; at += 1) {
    recorder.message(bytesOf('lost'), clock.now());
    await recorder.flush();
  }
  assert.deepEqual([await listRecordings(dir), openNow.size], [[], 0]);
  assert.match(recorder.stats().reason, /ENOSPC/);
  isFull = false;
  recorder.message(bytesOf('kept'), clock.now());
  await recorder.close();
  assert.deepEqual([recorder.stats().lost, recorder.stats().messages, openNow.size], [5, 1, 0]);
  assert.deepEqual(await textsOf(await listRecordings(dir)), ['["A","B"]', 'kept']);
});

async function readAll(paths: readonly string[]): Promise<{ records: number; bad: BadStretch[] }> {
  const bad: BadStretch[] = [];
  const reader = new RecordingReader(paths, (one) => bad.push(one));
  let records = 0;
  for (let next = await reader.next(); next !== undefined; next = await reader.next())
    records += next.length;
  return { records, bad };
}

test('a torn tail costs its block and no more; a start begins a new file', async (context) => {
  const dir = await temporaryFolder(context);
  await record(dir);
  const [, path = ''] = await listRecordings(dir);
  const whole = await readAll([path]);
  assert.deepEqual(whole.bad, []);
  const { size } = statSync(path);
  const torn = join(dir, '2026-01-07-00.rec');
  for (const cut of [1, 8, 9, 31, 100, 500]) {
    copyFileSync(path, torn);
    truncateSync(torn, size - cut);
    const { records, bad } = await readAll([torn]);
    assert.ok(records < whole.records && records > whole.records / 2, `${cut}: ${records}`);
    assert.equal(bad.length, 1);
    assert.equal(bad[0]?.isTail, true);
  }
  for (const bytes of [0, 1, 31]) {
    truncateSync(torn, bytes);
    const { records, bad } = await readAll([torn, path]);
    assert.deepEqual([records, bad.length], [whole.records, bytes === 0 ? 0 : 1]);
  }
  await record(dir);
  assert.equal((await listRecordings(dir)).length, 5);
  assert.equal((await readAll([path])).records, whole.records, 'older files are not touched');
});

test('a damaged block is named and passed over; any byte of it is covered', async (context) => {
  const dir = await temporaryFolder(context);
  await record(dir);
  const [, path = ''] = await listRecordings(dir);
  const whole = await readAll([path]);
  const content = readFileSync(path);
  const first = Math.ceil((32 + content.readUInt32LE(32 + 8)) / 8) * 8;
  const random = new SeededRandom(3);
  const damaged = join(dir, '2026-01-08-00.rec');
  for (let turns = 0; turns < 100; turns += 1) {
    const at = 32 + random.integer(first);
    const bytes = Buffer.from(content);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random.integer(8));
    writeFileSync(damaged, bytes);
    const { records, bad } = await readAll([damaged]);
    assert.ok(records < whole.records, `byte ${at}`);
    assert.deepEqual(bad, [{ path: damaged, offset: 32, bytes: first, isTail: false }]);
  }
  writeFileSync(damaged, 'this is no recording, and not even a long text about one');
  assert.deepEqual((await readAll([damaged, path])).records, whole.records);
  const { feed } = await replay([damaged, path]);
  assert.match(feed.rejects(1)[0]?.sample ?? '', /2026-01-08-00\.rec: 56 bytes at 0/);
});

test('where nothing can be written the feed goes on, and losses are counted', async (context) => {
  const dir = await temporaryFolder(context);
  const blocked = join(dir, 'file');
  writeFileSync(blocked, '');
  const { feed, recorder } = await record(join(blocked, 'folder'));
  const { messages, lost, reason } = recorder.stats();
  assert.deepEqual([messages, lost], [0, feed.stats().messages]);
  assert.match(reason, /ENOTDIR/);
  const small = join(dir, 'small');
  mkdirSync(small);
  const clock = new VirtualClock(startMs);
  const slow = new Recorder({ dir: small, clock, pendingBytesMax: 1000 });
  for (let at = 0; at < 10; at += 1) {
    slow.message(Buffer.alloc(300), clock.now());
    void slow.flush();
  }
  await slow.close();
  assert.ok(slow.stats().lost > 0 && slow.stats().messages > 0);
  assert.equal(slow.stats().lost + slow.stats().messages, 10);
  clock.advance(nsPerDay);
  slow.message(Buffer.alloc(1), clock.now());
  assert.equal(slow.stats().lost + slow.stats().messages, 11, 'closed');
});
