// A strategy that is cut off at any moment goes on as if it had not been: the same signals under
// the same ordinals. Random scripts of ticks, orders and time; NDTS_TEST_SEED repeats one.

import assert from 'node:assert/strict';
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  type BookBatch,
  copyBookRow,
  copyTickRow,
  createBookBatch,
  createTickBatch,
  SignalSlot,
  type TickBatch,
} from '@ndts/protocol';
import { SeededRandom, VirtualClock } from '@ndts/runtime';
import { SignalWriter } from '../emit/signal-writer.js';
import { PastBooks } from '../source/book-queue.js';
import { bookForm, tickForm } from '../source/live-rows.js';
import { orderUpdate } from '../source/order-events.js';
import { type AnyStrategy, bollinger, defineStrategy, factor, type OrderUpdate } from './define.js';
import { StrategyDriver } from './driver.js';
import { GapRows } from './gap-rows.js';
import { type InputLog, readInputLog } from './input-checkpoint.js';
import { InputJournal, type PastInputs } from './input-journal.js';

const seed = Number(process.env['NDTS_TEST_SEED'] ?? 7); // ambient: to repeat a failure
const shards = 3;

/** What it asks for depends on everything it was ever told, in its order. */
function hashing(isHonest = true): AnyStrategy {
  const mix = (state: { sum: number; calls: number }, value: number): void => {
    state.calls += 1;
    state.sum = (state.sum * 31 + Math.round(value * 1000) + state.calls) % 1_000_003;
  };
  return defineStrategy({
    name: 'hashing',
    version: '1',
    params: {},
    factors: { mean: factor('ema(price, 5)'), bands: bollinger({ period: 4 }) },
    bars: { ten: { kind: 'ticks', size: 10 } },
    timerIntervalMs: 100,
    state: () => ({ sum: 1, calls: 0 }),
    onTick(tick, context) {
      mix(context.state, tick.price + context.factor.mean || 0);
      if (context.state.sum % 7 < 2) context.buy(tick.symbol, BigInt(context.state.sum + 1));
      if (context.state.sum % 31 === 0) context.sell(tick.symbol, 5n, { limitPrice: 3 });
    },
    onBar: (bar, { state }) => mix(state, bar.close),
    onBook(book, context) {
      mix(context.state, book.bid(1) + book.sequence + context.now().nsOfDay / 1e9);
      const isAsked = context.state.sum % 5 === 0 && context.priceOf(book.symbol) > 0;
      if (isAsked) context.buy(book.symbol, BigInt(context.state.sum + 1));
    },
    onTimer(context) {
      mix(context.state, context.factor.bands.middle || 1);
      if (context.state.sum % 3 === 0) context.sell(1, BigInt(context.state.sum + 1));
    },
    onOrder(order, context) {
      mix(context.state, Number(order.filled) + context.now().nsOfDay / 1e9);
      if (context.state.sum % 2 === 0) context.buy(1, BigInt(context.state.sum + 1));
    },
    snapshot: ({ state }) => ({ ...state }),
    restore(saved, { state }) {
      Object.assign(state, saved);
      if (!isHonest) state.sum += 1;
    },
  }) as unknown as AnyStrategy;
}

type Event =
  | { readonly kind: 'ticks'; readonly count: number }
  | { readonly kind: 'order'; readonly update: OrderUpdate }
  | { readonly kind: 'checkpoint' };

interface Script {
  readonly ticks: TickBatch;
  readonly books: BookBatch;
  readonly events: readonly Event[];
}

function scriptOf(random: SeededRandom, events: number): Script {
  const made: Event[] = [{ kind: 'ticks', count: 1 }];
  const next = [0, 0, 0];
  for (let at = 1; at < events; at += 1) {
    const kind = random.integer(10);
    if (kind === 0) made.push({ kind: 'checkpoint' });
    else if (kind > 2) made.push({ kind: 'ticks', count: 1 + random.integer(9) });
    else made.push({ kind: 'order', update: updateOf(random) });
  }
  const total = made.reduce((sum, event) => sum + (event.kind === 'ticks' ? event.count : 0), 0);
  const ticks = createTickBatch(total);
  for (let row = 0; row < total; row += 1) {
    const shard = row === 0 ? 1 : random.integer(shards);
    ticks.day[row] = 20_000;
    ticks.nsOfDay[row] = row * 17_000_000;
    ticks.symbol[row] = shard;
    ticks.shard[row] = shard;
    ticks.epoch[row] = row < total / 2 ? 1 : 2;
    ticks.sequence[row] = next[shard]!;
    next[shard]! += 1;
    ticks.price[row] = 100 + random.integer(900) / 100;
    ticks.volume[row] = 1;
  }
  ticks.count = total;
  return { ticks, books: booksAmong(ticks, random), events: made };
}

/** About as many as ticks, some of the very time of one. */
function booksAmong(ticks: TickBatch, random: SeededRandom): BookBatch {
  const books = createBookBatch(ticks.count);
  const next = [0, 0, 0];
  for (let row = 0; row < ticks.count; row += 1) {
    if (random.integer(3) === 0) continue;
    const [at, shard] = [books.count, random.integer(shards)];
    books.day[at] = 20_000;
    books.nsOfDay[at] = row * 17_000_000 + random.integer(2) * 1_000_000;
    books.symbol[at] = shard;
    books.shard[at] = shard;
    books.epoch[at] = row < ticks.count / 3 ? 1 : 2;
    books.sequence[at] = next[shard]!;
    next[shard]! += 1;
    books.bid1[at] = 90 + random.integer(900) / 100;
    books.count += 1;
  }
  return books;
}

function updateOf(random: SeededRandom): OrderUpdate {
  const filled = BigInt(random.integer(1000));
  const names = { symbol: 1, side: 'buy', state: 'filled', reason: '' } as const;
  return { ...names, order: 1, quantity: 1000n, filled, averagePrice: 100n };
}

class Killed extends Error {}

/** One life: until it is killed or the script ends. */
class Life {
  readonly driver: StrategyDriver;
  readonly signals: SignalWriter;
  readonly journal: InputJournal;
  readonly #published: Uint8Array[];

  constructor(path: string, published: Uint8Array[], strategy: AnyStrategy, step: () => void) {
    this.#published = published;
    const ring = {
      publish: (slot: Uint8Array) => {
        step();
        this.#published.push(slot.slice());
        step();
      },
      close: () => {},
    };
    const clock = new VirtualClock();
    this.signals = new SignalWriter({
      ...{ ring, instance: 1, generation: 9, validForMs: 1, clock, cancel: () => {} },
    });
    this.driver = new StrategyDriver({
      ...{ strategy, parameters: {}, capacity: 16, sink: this.signals, log: () => {} },
    });
    this.journal = new InputJournal({
      ...{ driver: this.driver, path, identity: 'same', signals: this.signals },
      now: () => clock.now(),
    });
    this.signals.logTo(this.journal);
  }

  checkpoint(positions: readonly number[], books: readonly number[], epoch = 1): void {
    const { driver, signals } = this;
    const { strategy, context } = driver;
    this.journal.checkpoint({
      ...{ generation: signals.generation, signals: signals.last, driver: driver.save() },
      positions: {
        ticks: positions.map((sequence) => ({ epoch, sequence })),
        books: books.map((sequence) => ({ epoch, sequence })),
      },
      snapshot: () => JSON.stringify(strategy.snapshot?.(context) ?? null),
    });
  }
}

/** By shard, the sequences behind the first rows. */
function nextOf({ shard, sequence }: BookBatch | TickBatch, count: number): number[] {
  const next = [0, 0, 0];
  for (let at = 0; at < count; at += 1) next[shard[at]!] = sequence[at]! + 1;
  return next;
}

/** Books in between the ticks. */
class BookTape {
  next = 0;
  readonly #books: BookBatch;
  readonly #ticks: TickBatch;

  constructor(books: BookBatch, ticks: TickBatch) {
    this.#books = books;
    this.#ticks = ticks;
  }

  /** Those before the tick; behind the last one all. */
  before(tick: number): PastBooks {
    const [books, ticks] = [this.#books, this.#ticks];
    const untilNs = tick < ticks.count ? ticks.nsOfDay[tick]! : Number.POSITIVE_INFINITY;
    const places = [];
    for (; this.next < books.count && books.nsOfDay[this.next]! < untilNs; this.next += 1)
      places.push({ batch: books, row: this.next });
    const feed = new PastBooks(places);
    feed.isAtEnd = true;
    return feed;
  }

  /** Those that were handed out. */
  past(): BookBatch {
    const past = createBookBatch(Math.max(1, this.next));
    for (let at = 0; at < this.next; at += 1) copyBookRow(this.#books, at, past, at);
    past.count = this.next;
    return past;
  }
}

/** -1: none. */
function highestOf(slots: readonly Uint8Array[]): number {
  const ordinals = slots.map((slot) =>
    Number(new DataView(slot.buffer).getBigUint64(SignalSlot.ordinal, true)),
  );
  return Math.max(-1, ...ordinals);
}

/** Plays the script, killed as `mayDie` says, each time gone on from the log; of what left so many
 * signals were not received. */
function play(
  { ticks, books, events }: Script,
  path: string,
  mayDie: () => boolean,
  lost: () => number = () => 0,
): Uint8Array[] {
  const published: Uint8Array[] = [];
  const step = (): void => {
    if (mayDie()) throw new Killed();
  };
  const batch = createTickBatch(16);
  const copy = (from: number, to: number, into: TickBatch): void => {
    for (let row = from; row < to; row += 1) copyTickRow(ticks, row, into, row - from);
    into.count = to - from;
  };
  let [event, row, orders, received] = [0, 0, 0, 0];
  let life: Life | undefined;
  const tape = new BookTape(books, ticks);
  const check = (one: Life): void => one.checkpoint(nextOf(ticks, row), nextOf(books, tape.next));
  const begin = (): Life => {
    const made = new Life(path, published, hashing(), step);
    const log = readInputLog(path);
    if (log !== undefined) {
      made.driver.load(log.checkpoint.driver);
      made.signals.continueFrom(log.checkpoint.generation, log.checkpoint.signals);
      made.driver.strategy.restore!(JSON.parse(log.checkpoint.snapshot!), made.driver.context);
      const past = createTickBatch(Math.max(1, row));
      copy(0, row, past);
      made.journal.replay(log, pastOf(past, tape.past()), highestOf(published));
    }
    check(made);
    return made;
  };
  while (event < events.length || life === undefined) {
    try {
      life ??= begin();
      // Changes of orders that it did not note are told again.
      const told = events.slice(0, event).filter((one) => one.kind === 'order');
      for (const one of told.slice(life.journal.orders))
        life.journal.order(life.journal.orders + 1, one.update);
      const next = events[event];
      if (next === undefined) break;
      step();
      event += 1;
      if (next.kind === 'checkpoint') check(life);
      else if (next.kind === 'order') {
        orders += 1;
        life.journal.order(orders, next.update);
      } else {
        copy(row, row + next.count, batch);
        row += next.count;
        life.journal.run(batch, tape.before(row));
      }
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
      life?.journal.close();
      life?.driver.close();
      life = undefined;
      // The node died, too: the last ones were on their way.
      published.length = Math.max(received, published.length - lost());
      received = published.length;
    }
  }
  life.journal.close();
  life.driver.close();
  return published;
}

function pastOf(ticks: TickBatch, books: BookBatch): PastInputs {
  const past = { ticks: new GapRows(tickForm, 16), books: new GapRows(bookForm, 16) };
  past.ticks.add(ticks);
  past.books.add(books);
  return past;
}

function folderOf(context: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'ndts-inputs-'));
  context.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** Of the script without its checkpoints: all of it is there. */
function wholeLog(script: Script, path: string): InputLog {
  const events = script.events.filter(({ kind }) => kind !== 'checkpoint');
  play({ ...script, events }, path, () => false);
  return readInputLog(path)!;
}

function byOrdinal(slots: readonly Uint8Array[]): Map<bigint, string> {
  const found = new Map<bigint, string>();
  for (const slot of slots) {
    const ordinal = new DataView(slot.buffer).getBigUint64(SignalSlot.ordinal, true);
    const content = Buffer.from(slot.subarray(SignalSlot.tickTime)).toString('hex');
    assert.equal(found.get(ordinal) ?? content, content, `ordinal ${ordinal} has two contents`);
    found.set(ordinal, content);
  }
  return found;
}

test('killed at random moments it gives the signals of an undisturbed run', (context) => {
  const dir = folderOf(context);
  context.diagnostic(`NDTS_TEST_SEED=${seed}`);
  const random = new SeededRandom(seed);
  for (let round = 0; round < 20; round += 1) {
    const script = scriptOf(random, 80);
    const undisturbed = play(script, join(dir, `${round}-a.log`), () => false);
    assert.ok(undisturbed.length > 20, `${undisturbed.length} signals`);
    let kills = 0;
    const isLost = round % 2 === 1;
    const mayDie = (): boolean => {
      if (random.integer(12) !== 0) return false;
      kills += 1;
      return true;
    };
    const disturbed = play(script, join(dir, `${round}-b.log`), mayDie, () =>
      isLost ? random.integer(6) : 0,
    );
    assert.ok(kills > 0);
    assert.deepEqual([...byOrdinal(disturbed)], [...byOrdinal(undisturbed)]);
    assert.equal(disturbed.length, undisturbed.length, 'none left twice');
  }
});

test('a torn or damaged end is left out, a damaged checkpoint is no log', (context) => {
  const path = join(folderOf(context), 'one.log');
  const script = scriptOf(new SeededRandom(seed), 60);
  const whole = wholeLog(script, path);
  const bytes = readFileSync(path);
  assert.equal(whole.bytes, bytes.length);
  assert.ok(whole.signals.length > 10);
  const blocks = bytes.length - whole.checkpoint.driver.length;
  context.diagnostic(
    `${blocks} bytes for ${script.ticks.count} ticks, ${whole.signals.length} out`,
  );
  appendFileSync(path, Uint8Array.of(200, 0, 0, 0, 1, 2, 3));
  assert.deepEqual(readInputLog(path), whole);
  truncateSync(path, bytes.length - 3);
  const torn = readInputLog(path)!;
  assert.ok(torn.bytes < bytes.length - 3 && torn.records.length > 0);
  const damaged = Uint8Array.from(bytes);
  damaged[torn.bytes + 9]! ^= 1;
  writeFileSync(path, damaged);
  assert.deepEqual(readInputLog(path), torn);
  damaged[30]! ^= 1;
  writeFileSync(path, damaged);
  assert.equal(readInputLog(path), undefined);
  writeFileSync(path, bytes.subarray(0, 12));
  assert.equal(readInputLog(path), undefined);
});

test('a venue that explains itself with a whole page stops no strategy', (context) => {
  const path = join(folderOf(context), 'one.log');
  const life = new Life(path, [], hashing(), () => {});
  life.checkpoint([0, 0, 0], [0, 0, 0]);
  life.journal.run(scriptOf(new SeededRandom(seed), 1).ticks);
  const amounts = { quantity: '2', filled: '0', averagePrice: '0' };
  const { update } = orderUpdate({
    ...{ ordinal: '1', instance: 1, symbol: 1, side: 'buy', ...amounts, state: 'rejected' },
    revision: 1,
    reason: '\u0001'.repeat(100_000),
  })!;
  life.journal.order(1, update);
  life.journal.close();
  life.driver.close();
  const told = readInputLog(path)!.records.find(({ kind }) => kind === 'order');
  assert.deepEqual(told, { kind: 'order', number: 1, update });
});

test('a strategy that would give other signals under old ordinals is refused', (context) => {
  const path = join(folderOf(context), 'one.log');
  const script = scriptOf(new SeededRandom(seed), 60);
  const log = wholeLog(script, path);
  const published: Uint8Array[] = [];
  const life = new Life(path, published, hashing(false), () => {});
  life.driver.strategy.restore!(JSON.parse(log.checkpoint.snapshot!), life.driver.context);
  const past = pastOf(script.ticks, script.books);
  const replay = (): void => life.journal.replay(log, past, highestOf(published));
  assert.throws(replay, { code: 'PLUGIN_FAILED' });
  assert.deepEqual(published, []);
  life.driver.close();
});

test('nobody could go on from what is not given: no log', (context) => {
  const path = join(folderOf(context), 'one.log');
  const silent = hashing();
  Reflect.deleteProperty(silent, 'snapshot');
  for (const [strategy, isLogged] of [
    [hashing(), true],
    [silent, false],
  ] as const) {
    const life = new Life(path, [], strategy, () => {});
    life.checkpoint([0, 0, 0], [0, 0, 0]);
    life.journal.run(scriptOf(new SeededRandom(seed), 1).ticks);
    life.journal.flush();
    assert.equal(existsSync(path), isLogged);
    life.journal.close();
    life.driver.close();
  }
});

test('what was imported meanwhile is not taken for what was missed', (context) => {
  const path = join(folderOf(context), 'one.log');
  const life = new Life(path, [], hashing(), () => {});
  life.checkpoint([0, 0, 0], [0, 0, 0]);
  const ticks = createTickBatch(3);
  for (const [row, minute] of [100, 98, 101].entries()) {
    ticks.day[row] = 20_000;
    ticks.nsOfDay[row] = minute * 60e9;
    ticks.sequence[row] = row;
    ticks.symbol[row] = 1;
    ticks.price[row] = 100;
  }
  ticks.count = 1;
  life.journal.run(ticks);
  ticks.count = 3;
  const from = { ticks: [{ epoch: 0, sequence: 1 }], books: [] };
  life.journal.catchUp(pastOf(ticks, createBookBatch(1)), from);
  assert.equal(life.driver.ticks, 2);
  assert.equal(life.driver.context.now().nsOfDay, 101 * 60e9);
  life.journal.close();
  life.driver.close();
});
