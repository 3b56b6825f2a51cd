// Books against a plain map of levels: whatever is lost, doubled, reordered or cut in two, a book
// that is shown is one the venue had. And the rules of venues, one by one.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BookFlags, createBookBatch } from '@ndts/protocol';
import { SeededRandom } from '@ndts/runtime';
import { Book, type BookRules, type SequenceRule } from './book.js';
import { BookAssembler } from './book-assembler.js';
import { bookChangeFlags } from '../feed/batches.js';
import { type BookRows, BookRowStore } from './book-rows.js';
import { bookChecksum } from './checksum.js';
import { levelColumns, putShownBook } from './shown-books.js';
import { BookSide } from './side.js';

const seed = Number(process.env['NDTS_TEST_SEED'] ?? 23);
const messageCount = process.env['NDTS_TEST_LONG'] === '1' ? 60_000 : 1500;
const { ask, clear, end, empty } = bookChangeFlags;

const plain: BookRules = {
  ...{ sequence: 'range', checksum: undefined, snapshots: 'asked' },
  ...{ crossed: 'mark', depth: 0, heldMax: 4 },
};

interface Change {
  readonly isAsk: boolean;
  readonly price: number;
  readonly size: number;
}

interface Message {
  readonly sequence: number;
  readonly previous: number;
  readonly checksum: number;
  readonly isSnapshot: boolean;
  readonly changes: readonly Change[];
}

function write(rows: BookRowStore, { sequence, previous, checksum, isSnapshot, changes }: Message) {
  const one = new BookRowStore();
  one.count = 1;
  const levels = changes.length === 0 ? [{ isAsk: false, price: 0, size: 0 }] : changes;
  for (const [at, { isAsk, price, size }] of levels.entries()) {
    one.symbol[0] = 7;
    one.price[0] = price;
    one.quantity[0] = size;
    one.sequence[0] = sequence;
    one.previous[0] = previous;
    one.checksum[0] = checksum;
    one.flags[0] =
      (isAsk ? ask : 0) |
      (at === 0 && isSnapshot ? clear : 0) |
      (at === levels.length - 1 ? end : 0) |
      (changes.length === 0 ? empty : 0);
    rows.append(one, 0, 0);
  }
}

/** A venue: its book as two maps, and what the book was at each of its numbers. */
class Venue {
  readonly bids = new Map<number, number>();
  readonly asks = new Map<number, number>();
  readonly history = new Map<number, string>();
  sequence = 100;
  readonly #random: SeededRandom;
  readonly #rule: SequenceRule;

  constructor(random: SeededRandom, rule: SequenceRule) {
    this.#random = random;
    this.#rule = rule;
  }

  next(): Message {
    const random = this.#random;
    const changes = Array.from({ length: 1 + random.integer(5) }, () => {
      const isAsk = random.integer(2) === 0;
      const step = 1 + random.integer(60);
      const price = isAsk ? 1000 + step : 1000 - step;
      const size = random.integer(3) === 0 ? 0 : 1 + random.integer(9);
      const side = isAsk ? this.asks : this.bids;
      if (size === 0) side.delete(price);
      else side.set(price, size);
      return { isAsk, price, size };
    });
    const previous = this.sequence;
    this.sequence += this.#rule === 'count' ? 1 : 1 + random.integer(4);
    this.history.set(this.sequence, this.text());
    const { sequence } = this;
    return { sequence, previous, checksum: this.checksum(), isSnapshot: false, changes };
  }

  snapshot(): Message {
    const changes = [
      ...[...this.bids].map(([price, size]) => ({ isAsk: false, price, size })),
      ...[...this.asks].map(([price, size]) => ({ isAsk: true, price, size })),
    ];
    this.history.set(this.sequence, this.text());
    const { sequence } = this;
    return { sequence, previous: Number.NaN, checksum: this.checksum(), isSnapshot: true, changes };
  }

  #sorted(): [[number, number][], [number, number][]] {
    const bids = [...this.bids].sort(([one], [other]) => other - one);
    return [bids, [...this.asks].sort(([one], [other]) => one - other)];
  }
  text(): string {
    return JSON.stringify(this.#sorted());
  }
  checksum(): number {
    const sides = this.#sorted().map((levels, at) => {
      const side = new BookSide(at === 0);
      for (const [price, size] of levels)
        side.set(Float64Array.of(price), Float64Array.of(size), 0);
      return side;
    });
    const sum = bookChecksum(sides[0]!, sides[1]!, { form: 'interleaved', levels: 100 });
    return sum | 0;
  }
}

function levelsOf(side: BookSide): [number, number][] {
  return Array.from({ length: side.count }, (_, at) => [side.price(at), side.size(at)]);
}

function textOf(book: Book): string {
  return JSON.stringify([levelsOf(book.bids), levelsOf(book.asks)]);
}

/** The five levels as they were shown last, and the book they were of. */
class Shown {
  levels: number[] = [];
  asked: string[] = [];
  readonly assembler: BookAssembler;

  constructor(rules: BookRules) {
    this.assembler = new BookAssembler({
      rulesOf: () => rules,
      onShown: ({ levels }) => {
        this.levels = [...levels];
      },
      askSnapshot: (_symbol, reason) => this.asked.push(reason),
      askAgainNs: 50,
    });
  }
  take(rows: BookRows, nowNs = 0): void {
    this.assembler.take(rows, nowNs);
  }
  get book(): Book {
    return this.assembler.book(7)!;
  }
  check(venue: Venue, what: string): void {
    const { book } = this;
    if (book.state !== 'live') return;
    assert.equal(textOf(book), venue.history.get(book.sequence), what);
    const best = Array.from({ length: 5 }, (_, level) => [
      ...[book.bids.price(level), book.bids.size(level)],
      ...[book.asks.price(level), book.asks.size(level)],
    ]);
    assert.deepEqual(this.levels, best.flat(), what);
  }
}

/** What the network makes of the venue's messages: some lost, some twice, and where messages have
 * numbers some late. */
function* network(
  random: SeededRandom,
  venue: Venue,
  shown: Shown,
  hasNumbers: boolean,
): Generator<Message> {
  const late: { message: Message; in: number }[] = [];
  let answerIn = 0;
  let answered = 0;
  for (let step = 0; step < messageCount; step += 1) {
    const message = venue.next();
    const draw = random.integer(40);
    if (draw === 0 && hasNumbers) late.push({ message, in: 1 + random.integer(6) });
    else if (draw > 1) yield message;
    if (draw === 2) yield message;
    for (const one of late) one.in -= 1;
    while (late.length > 0 && late[0]!.in <= 0) yield late.shift()!.message;
    if (shown.asked.length > answered) {
      answered = shown.asked.length;
      answerIn = 1 + random.integer(8);
      if (hasNumbers && random.integer(2) === 0)
        late.push({ message: venue.snapshot(), in: answerIn });
    }
    answerIn -= 1;
    if (answerIn === 0) yield venue.snapshot();
  }
}

for (const sequence of ['range', 'chain', 'count', 'none'] as const)
  test(`${sequence}: whatever the network does, what is shown is a book of the venue`, () => {
    const random = new SeededRandom(seed);
    const venue = new Venue(random, sequence);
    const checksum =
      sequence === 'none' ? ({ form: 'interleaved', levels: 100 } as const) : undefined;
    const shown = new Shown({ ...plain, sequence, checksum });
    let live = 0;
    let step = 0;
    for (const message of network(random, venue, shown, sequence !== 'none')) {
      const rows = new BookRowStore();
      write(rows, message);
      const cut = random.integer(rows.count);
      const head = new BookRowStore();
      if (cut > 0) head.append(rows, 0, cut - 1);
      const tail = new BookRowStore();
      tail.append(rows, cut, rows.count - 1);
      shown.take(head, step);
      shown.take(tail, step);
      shown.assembler.doWork(step);
      shown.check(venue, `seed ${seed}, rule ${sequence}, message ${step}`);
      if (shown.book.state === 'live') live += 1;
      step += 1;
    }
    const counts = shown.assembler.counts();
    assert.ok(live > step / 3, `live for ${live} of ${step}`);
    assert.ok(counts.resyncs > 5 && counts.snapshots > 5, JSON.stringify(counts));
    if (sequence === 'none') assert.ok(counts.checksumErrors > 5);
    else assert.ok(counts.gaps > 5 && counts.old > 5 && counts.reordered > 5);
  });

function feed(book: Book, messages: readonly Partial<Message>[]): void {
  for (const message of messages) {
    const rows = new BookRowStore();
    const none = { sequence: Number.NaN, previous: Number.NaN, checksum: Number.NaN };
    write(rows, { ...none, isSnapshot: false, changes: [], ...message });
    book.message(rows, 0, rows.count - 1);
  }
}

const bid = (price: number, size: number): Change => ({ isAsk: false, price, size });
const offer = (price: number, size: number): Change => ({ isAsk: true, price, size });

test('Binance: events from before the snapshot are dropped, the first one overlaps it', () => {
  const book = new Book(plain);
  // previous is U - 1.
  feed(book, [
    { sequence: 10, previous: 7, changes: [bid(1, 1)] },
    { sequence: 14, previous: 10, changes: [bid(2, 2)] },
  ]);
  assert.equal(book.state, 'waiting');
  feed(book, [{ sequence: 12, isSnapshot: true, changes: [bid(3, 3), offer(4, 4)] }]);
  assert.deepEqual(levelsOf(book.bids), [
    [3, 3],
    [2, 2],
  ]);
  assert.deepEqual([book.sequence, book.counts.old, book.heldRows], [14, 1, 0]);
});

test('OKX: a heartbeat changes nothing, and numbers may begin again', () => {
  const book = new Book({ ...plain, sequence: 'chain' });
  feed(book, [
    { sequence: 10, isSnapshot: true, changes: [bid(1, 1)] },
    { sequence: 10, previous: 10 },
    { sequence: 3, previous: 10, changes: [bid(2, 2)] },
    { sequence: 5, previous: 3, changes: [bid(3, 3)] },
  ]);
  assert.deepEqual([book.state, book.sequence, book.bids.count], ['live', 5, 3]);
});

test('numbers that began again without a word lead to a snapshot', () => {
  const book = new Book(plain);
  feed(book, [{ sequence: 1000, isSnapshot: true }]);
  const old = { sequence: 2, previous: 1, changes: [bid(1, 1)] };
  feed(book, Array(255).fill(old));
  assert.equal(book.state, 'live');
  feed(book, [old]);
  assert.equal(book.wanted, 'numbers began again');
  feed(book, [{ sequence: 3, isSnapshot: true, changes: [bid(1, 1)] }]);
  assert.equal(book.state, 'live');
});

test('a crossed book: a new snapshot, or the older side gives way, or it is marked', () => {
  const messages = [
    { sequence: 1, isSnapshot: true, changes: [bid(9, 1), bid(8, 1), offer(11, 1)] },
    { sequence: 2, previous: 1, changes: [offer(9, 2)] },
  ];
  const made = (crossed: BookRules['crossed']): Book => {
    const book = new Book({ ...plain, crossed });
    feed(book, messages);
    return book;
  };
  assert.equal(made('resync').wanted, 'bid is not below ask');
  const uncrossed = made('uncross');
  assert.deepEqual(levelsOf(uncrossed.bids), [[8, 1]]);
  assert.ok(!uncrossed.isCrossed);
  const marked = made('mark');
  assert.ok(marked.isCrossed && marked.state === 'live' && marked.bids.count === 2);
  feed(marked, [{ sequence: 3, previous: 2, changes: [bid(9, 0)] }]);
  assert.ok(!marked.isCrossed);
});

test('a venue that tells of so many levels: those beyond are forgotten', () => {
  const book = new Book({ ...plain, depth: 2 });
  feed(book, [
    { sequence: 1, isSnapshot: true, changes: [bid(9, 1), bid(8, 1)] },
    { sequence: 2, previous: 1, changes: [bid(10, 1)] },
  ]);
  assert.deepEqual(
    levelsOf(book.bids).map(([price]) => price),
    [10, 9],
  );
});

test('a lost source: nothing is shown until a snapshot, which is asked for again', () => {
  const shown = new Shown(plain);
  const rows = new BookRowStore();
  write(rows, { sequence: 1, previous: 0, checksum: 0, isSnapshot: true, changes: [bid(1, 1)] });
  shown.take(rows);
  shown.assembler.lost();
  const change = new BookRowStore();
  write(change, { sequence: 2, previous: 1, checksum: 0, isSnapshot: false, changes: [bid(1, 2)] });
  shown.levels = [];
  shown.take(change, 10);
  shown.assembler.doWork(59);
  assert.deepEqual(shown.asked, ['source lost']);
  shown.assembler.doWork(60);
  assert.deepEqual(shown.asked, ['source lost', 'source lost']);
  assert.deepEqual(shown.levels, []);
  shown.take(rows, 61);
  assert.equal(shown.levels[1], 2, 'the change that waited is in');
  shown.assembler.doWork(1000);
  assert.equal(shown.asked.length, 2);
});

test('a loss right behind the snapshot that was asked for is asked for at once', () => {
  const shown = new Shown(plain);
  const whole = new BookRowStore();
  write(whole, { sequence: 1, previous: 0, checksum: 0, isSnapshot: true, changes: [bid(1, 1)] });
  const change = new BookRowStore();
  write(change, { sequence: 2, previous: 1, checksum: 0, isSnapshot: false, changes: [bid(1, 2)] });
  for (const nowNs of [1, 3]) {
    shown.take(whole, nowNs);
    shown.assembler.lost();
    shown.take(change, nowNs + 1);
  }
  assert.equal(shown.asked.length, 2);
});

function sideOf(isBid: boolean, text: string): BookSide {
  const side = new BookSide(isBid);
  for (const level of text.split(' ')) {
    const [price, size] = level.split(':').map(Number);
    side.set(Float64Array.of(price!), Float64Array.of(size!), 0);
  }
  return side;
}

test('checksums as venues document them', () => {
  const pairs = { form: 'interleaved', levels: 25 } as const;
  assert.equal(bookChecksum(sideOf(true, '9:2'), sideOf(false, '10:1'), pairs), 1_226_559_413);
  const asks = sideOf(
    false,
    '45285.2:0.001 45286.4:1.54571953 45286.6:1.54571109 45289.6:1.54560911 45290.2:0.1589066 ' +
      '45291.8:1.54553491 45294.7:0.04454749 45296.1:0.3538 45297.5:0.09945542 45299.5:0.18772827',
  );
  const bids = sideOf(
    true,
    '45283.5:0.1 45283.4:1.54582015 45282.1:0.1 45281:0.1 45280.3:1.54592586 ' +
      '45279:0.0799 45277.6:0.03310103 45277.5:0.3 45277.3:1.54602737 45276.6:0.15445238',
  );
  const digits = { form: 'digits', levels: 10, priceDecimals: 1, sizeDecimals: 8 } as const;
  assert.equal(bookChecksum(bids, asks, digits), 3_310_070_434);
  const small = bookChecksum(sideOf(true, '0.0000001:2'), sideOf(false, '1:1'), pairs);
  const text = sideOf(true, '1e-7:2');
  assert.equal(bookChecksum(text, sideOf(false, '1:1'), pairs), small);
});

test('a shown book as a row of the protocol', () => {
  const batch = createBookBatch(1);
  const columns = levelColumns(batch);
  const levels = new Float64Array(20).fill(Number.NaN);
  levels.set([9, 1, 10, 2, 8, 3]);
  const book = { symbol: 7, day: 1, nsOfDay: 2, isCrossed: true, levels };
  assert.ok(putShownBook(book, batch, columns));
  assert.ok(!putShownBook(book, batch, columns), 'full');
  const row = [batch.bid1, batch.bidVolume1, batch.ask1, batch.askVolume1, batch.bid2];
  assert.deepEqual(
    row.map((column) => column[0]),
    [9, 1, 10, 2, 8],
  );
  assert.deepEqual([batch.bidVolume2[0], batch.ask2[0]], [3, 0]);
  // There: bid1, bid2, bidVolume1, bidVolume2, ask1, askVolume1.
  const there = 0b11 | (0b11 << 5) | (1 << 10) | (1 << 15);
  assert.deepEqual([batch.missing[0], batch.flags[0]], [0xfffff & ~there, BookFlags.crossed]);
});
