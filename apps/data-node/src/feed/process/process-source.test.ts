// A feed whose source is in a process of its own, on a small module that stands for ccxt and does
// what it is told: what comes over the pipe, and what is made of a process that dies, hangs, floods
// or cannot be started. test/conformance/ccxt.test.ts runs the real one.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { after, test } from 'node:test';
import { createTradeBatch, type Timer } from '@ndts/protocol';
import { SeededRandom, SystemClock, VirtualClock } from '@ndts/runtime';
import { createCcxtFeed } from '../crypto/ccxt-feed.js';
import type { MessageFeed } from '../message-feed.js';
import type { MessageEvents } from '../message-source.js';
import { FrameReader, frameKinds, jsonFrame, messageFrame } from './frames.js';
import type { FeedProcessEvents } from './feed-process.js';
import { ProcessSource } from './process-source.js';
import { SourceHost } from './source-host.js';

const dir = mkdtempSync(join(tmpdir(), 'ndts-feed-process-'));
after(() => rmSync(dir, { recursive: true, force: true }));
const module = join(dir, 'venue.mjs');
writeFileSync(
  module,
  `const turn = () => new Promise((resolve) => setImmediate(resolve));
   const at = Date.now();
   class Venue {
     has = {};
     next = 1;
     isPaused = false;
     clients = { only: { connection: {
       pause: () => { this.isPaused = true; },
       resume: () => { this.isPaused = false; },
     } } };
     constructor(settings) { this.does = settings.does; }
     get markets() { return { A: { active: this.does !== 'halted' } }; }
     async loadMarkets() { if (this.does === 'stay away') await new Promise(() => undefined); }
     async watchTrades() {
       const trades = [];
       do await turn(); while (this.isPaused);
       if (this.does !== 'flood') await new Promise((done) => setTimeout(done, 2));
       for (let one = 0; one < (this.does === 'flood' ? 500 : 1); one += 1)
         trades.push({ id: String(this.next++), timestamp: at, price: process.pid, amount: 1 });
       if (this.next > 5 && this.does === 'die') process.kill(process.pid, 'SIGKILL');
       if (this.next > 5 && this.does === 'hang') for (;;);
       if (this.next > 5 && this.does === 'throw')
         setImmediate(() => { throw new Error('lost it'); });
       return trades;
     }
     async close() {}
   }
   export default { pro: { binance: Venue, plain: Venue } };`,
);

/** Timers that wait are counted, and come sooner by a factor. */
class CountingClock extends SystemClock {
  timers = 0;
  readonly #hasten: number;

  constructor(hasten = 1) {
    super();
    this.#hasten = hasten;
  }

  override setTimer(delayMs: number, action: () => void): Timer {
    this.timers += 1;
    let isWaiting = true;
    const end = (): void => {
      this.timers -= isWaiting ? 1 : 0;
      isWaiting = false;
    };
    const timer = super.setTimer(delayMs / this.#hasten, () => {
      end();
      action();
    });
    return {
      cancel: () => {
        end();
        timer.cancel();
      },
    };
  }
}

/** Of the two only binance numbers its trades. */
function feedThat(
  does: string,
  clock: CountingClock,
  rest: { venue?: string; module?: string } = {},
): MessageFeed {
  return createCcxtFeed({
    ...{ name: 'venue', venue: 'plain', symbols: [{ id: 7, name: 'A' }], clock },
    ...{ random: new SeededRandom(1), kinds: ['trade'], settings: { does }, module },
    ...{
      hangSeconds: 20,
      openTimeoutMs: 1e7,
      silenceMs: 0,
      backOff: { firstMs: 20, maxMs: 100 },
      backlogRows: 4096,
    },
    ...rest,
  });
}

async function until(what: () => boolean, about: string): Promise<void> {
  for (let turn = 0; turn < 20_000; turn += 1) {
    if (what()) return;
    await new Promise((done) => void setTimeout(done, 5));
  }
  assert.fail(`never: ${about}`);
}

/** Takes what is there. @returns the processes it came from, and the numbers */
function take(feed: MessageFeed): { processes: Set<number>; numbers: number[] } {
  const batch = createTradeBatch(512);
  const [processes, numbers] = [new Set<number>(), [] as number[]];
  while (feed.pollTrades(batch) > 0) {
    for (const one of batch.price.subarray(0, batch.count)) processes.add(one);
    numbers.push(...batch.tradeId.subarray(0, batch.count));
  }
  return { processes, numbers };
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

for (const [does, reason] of [
  ['die', /process of the feed ended: signal SIGKILL/],
  ['hang', /process of the feed did not answer for 20 s/],
  ['throw', /process of the feed ended: exit code 70: Error: lost it/],
] as const)
  test(`a process that would ${does} is begun again, and nothing of it stays`, async () => {
    const clock = new CountingClock(does === 'hang' ? 40 : 1);
    const feed = feedThat(does, clock);
    const reasons = new Set<string>();
    const processes = new Set<number>();
    await feed.connect();
    assert.equal(feed.stats().state, 'connected');
    await until(() => {
      if (feed.stats().reason !== '') reasons.add(feed.stats().reason);
      for (const one of take(feed).processes) processes.add(one);
      return processes.size > 1;
    }, 'another process');
    assert.ok(
      [...reasons].some((one) => reason.test(one)),
      [...reasons].join('; '),
    );
    await feed.disconnect();
    await until(() => ![...processes].some(isRunning), 'no process left');
    assert.equal(clock.timers, 0);
  });

test('while nobody polls the venue waits; nothing is lost', async () => {
  const clock = new CountingClock();
  const feed = feedThat('flood', clock, { venue: 'binance' });
  await feed.connect();
  await until(() => feed.stats().pauses > 0, 'told to wait');
  const { messages } = feed.stats();
  await new Promise((done) => void setTimeout(done, 100));
  assert.ok(feed.stats().messages <= messages + 10, 'what was under way');
  assert.deepEqual([feed.stats().reconnects, feed.stats().state], [0, 'connected']);
  const processNow = feed.process;
  assert.ok(processNow !== undefined && isRunning(processNow.pid));
  assert.ok(processNow.memoryBytes > 1e7, 'as Node has it');
  const numbers: number[] = [];
  await until(() => {
    numbers.push(...take(feed).numbers);
    return feed.stats().pauses > 3;
  }, 'told to wait again');
  assert.ok(numbers.length > 4096);
  assert.ok(
    numbers.every((number, at) => number === at + 1),
    'each once, in order',
  );
  assert.deepEqual([feed.stats().gaps, feed.stats().skipped], [0, 0]);
  await feed.disconnect();
  assert.equal(feed.process, undefined);
});

test('what cannot be begun is said; a venue that never answers is given up', async () => {
  const clock = new CountingClock();
  const none = feedThat('', clock, { module: join(dir, 'nowhere.mjs') });
  await assert.rejects(none.connect(), /ccxt, which is not installed: npm install --no-save ccxt@/);
  const away = feedThat('stay away', clock);
  const connecting = away.connect();
  await new Promise((done) => void setTimeout(done, 100));
  await away.disconnect();
  await connecting;
  assert.equal(away.stats().state, 'disconnected');
  await until(() => clock.timers === 0, 'no timer left');
});

test('a halt that was said is not said again by the next process', async () => {
  const feed = feedThat('halted', new CountingClock());
  const halts: boolean[] = [];
  await feed.connect();
  await until(() => {
    feed.pollHalts((_, isHalted) => halts.push(isHalted));
    return halts.at(-1) === false;
  }, 'halted, until it trades');
  // Both may have come before the first look: then the newest is all that is said.
  assert.deepEqual(halts, halts.length > 1 ? [true, false] : [false]);
  await feed.disconnect();
});

test('one that is told to wait need not answer; one that is not must', async () => {
  const clock = new VirtualClock(Date.UTC(2026, 0, 5));
  const did: string[] = [];
  let events: FeedProcessEvents | undefined;
  const source = new ProcessSource({
    ...{ clock, task: {}, hangSeconds: 3 },
    start: (taken) => {
      events = taken;
      return {
        pid: 1,
        write: (frame) => did.push(`sent ${frame.readUInt8(4)}`),
        pause: () => did.push('pause'),
        resume: () => did.push('resume'),
        end: () => did.push('end'),
        kill: () => did.push('kill'),
      };
    },
  });
  const reasons: string[] = [];
  const opening = source.open(
    {
      message: () => undefined,
      reopened: () => undefined,
      closed: (reason) => reasons.push(reason),
    },
    new AbortController().signal,
  );
  events?.data(jsonFrame(frameKinds.opened, {}));
  const connection = await opening;
  connection.flow?.pause();
  clock.advance(60e9);
  assert.deepEqual([did, reasons], [['sent 1', 'pause'], []]);
  connection.flow?.resume();
  clock.advance(2e9);
  events?.data(jsonFrame(frameKinds.pong, {}));
  clock.advance(3e9);
  assert.deepEqual(reasons, []);
  clock.advance(1e9);
  assert.deepEqual(reasons, ['the process of the feed did not answer for 3 s']);
  assert.deepEqual(did.slice(-2), ['sent 5', 'kill']);
  events?.ended('signal SIGKILL');
  await connection.close();
  assert.deepEqual([reasons.length, clock.nextTimerNs()], [1, undefined]);
});

test('frames come whole however the pipe cuts them; one that is too long ends it', () => {
  const random = new SeededRandom(3);
  const sent = Array.from({ length: 200 }, (_, at) => 'x'.repeat(random.integer(50)) + at);
  const bytes = Buffer.concat(sent.map((text) => messageFrame(Buffer.from(text), 1)));
  const reader = new FrameReader();
  const seen: string[] = [];
  for (let from = 0; from < bytes.length; ) {
    const to = from + 1 + random.integer(random.integer(3) === 0 ? 400 : 7);
    reader.push(bytes.subarray(from, to), (_, body) => seen.push(body.toString('latin1', 8)));
    from = to;
  }
  assert.deepEqual(seen, sent);
  assert.throws(
    () => reader.push(Buffer.from([255, 255, 255, 255, 1]), () => undefined),
    /at most/,
  );
});

test('inside: what waits for the node is bounded', async () => {
  const written: Buffer[] = [];
  let goOn: (() => void) | undefined;
  const pipe = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _, done) => {
      written.push(chunk);
      goOn = done;
    },
  });
  let events: MessageEvents | undefined;
  const flow: string[] = [];
  const ends: string[] = [];
  new SourceHost({
    ...{ pipe, clock: { monotonicNs: () => 5 }, highBytes: 100_000, bytesMax: 1_000_000 },
    ...{ onEnd: (reason) => ends.push(reason), memoryBytes: () => 1 },
    sourceOf: () => ({
      open: async (taken) => {
        events = taken;
        return {
          ...{ subscribe: () => undefined, unsubscribe: () => undefined, close: async () => {} },
          flow: { pause: () => flow.push('pause'), resume: () => flow.push('resume') },
        };
      },
    }),
  });
  const turn = (): Promise<void> => new Promise((done) => void setImmediate(done));
  pipe.push(jsonFrame(frameKinds.open, {}));
  await turn();
  const message = new Uint8Array(60_000);
  events?.message(message);
  assert.deepEqual(flow, []);
  events?.message(message);
  assert.deepEqual(flow, ['pause']);
  for (let turns = 0; turns < 20 && pipe.writableLength > 0; turns += 1) {
    await turn();
    goOn?.();
  }
  await turn();
  assert.deepEqual(flow, ['pause', 'resume']);
  for (let count = 0; count < 20; count += 1) events?.message(message);
  await turn();
  assert.equal(ends.length, 1);
  assert.match(ends[0] ?? '', /bytes wait for the node, at most 1000000/);
});
