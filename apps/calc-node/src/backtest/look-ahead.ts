// Whether a strategy sees the future: it is run again with another future behind every tick, and
// must ask for the same orders and log the same lines.
//
//   alone   every tick comes in a batch of its own; what lies behind it in memory is a future that
//           never was, higher and lower in turn
//   cut     at some ticks the world goes on otherwise: higher, lower, or not at all; all before
//           the cut must stay
//
// Always: an honest strategy passes, because a run does not depend on how ticks are cut into
// batches. What a strategy reads beside its hooks (files, the clock) is not seen here.

import {
  type BookBatch,
  copyBookRow,
  createBookBatch,
  createTickBatch,
  type TickBatch,
  type Time,
  timeText,
} from '@ndts/protocol';
import { BookQueue } from '../source/book-queue.js';
import type { Backtest } from './backtest.js';
import {
  type BeginRun,
  loadStrategies,
  randomOf,
  type RunHooks,
  type RunRequest,
  runsOf,
  wantsBooks,
  warmUpFirst,
} from './execute.js';
import { batchRows } from './tape.js';
import { openSource, type OpenSource } from './tick-source.js';

export interface LookAheadFinding {
  readonly pass: 'alone' | 'cut';
  /** Of the tick whose output depends on later ones. */
  readonly time: string;
  /** What was asked for or logged with the real future, and with the other one; '': nothing. */
  readonly expected: string;
  readonly found: string;
}

export interface LookAheadResult {
  readonly ticks: number;
  readonly outputs: number;
  readonly cuts: number;
  readonly finding: LookAheadFinding | null;
}

interface Output {
  readonly tick: number;
  readonly text: string;
}

const cutCount = 4;
const factors = [1.1, 0.9, 0] as const;
const alteredColumns = ['price', 'bid', 'ask'] as const;
const alteredLevels = (['bid', 'ask'] as const).flatMap((name) =>
  ([1, 2, 3, 4, 5] as const).map((level) => `${name}${level}` as const),
);
/** What a strategy might peek at behind its tick. */
const aheadRows = 64;

class Changed extends Error {
  readonly expected: string;
  readonly found: string;

  constructor(expected: string, found: string) {
    super('an output depends on later ticks');
    this.expected = expected;
    this.found = found;
  }
}

/** Throws Changed at the first output that is not the next of the real run. */
class Comparison {
  readonly #outputs: readonly Output[];
  readonly #ticks: number;
  #next = 0;

  /** Up to the tick of this number. */
  constructor(outputs: readonly Output[], ticks: number) {
    this.#outputs = outputs;
    this.#ticks = ticks;
  }

  note(tick: number, text: string): void {
    if (tick > this.#ticks) return;
    const expected = this.#outputs[this.#next];
    this.#next += 1;
    if (expected?.tick !== tick || expected.text !== text)
      throw new Changed(expected?.tick === tick ? expected.text : '', text);
  }

  /** After a tick: all of its outputs have come. */
  endOf(tick: number): void {
    const missing = this.#outputs[this.#next];
    if (tick <= this.#ticks && missing !== undefined && missing.tick <= tick)
      throw new Changed(missing.text, '');
  }
}

function timeOf(batch: TickBatch, row: number): string {
  return timeText({ day: batch.day[row]!, nsOfDay: batch.nsOfDay[row]! });
}

class Check {
  readonly #source: OpenSource;
  readonly #begin: BeginRun;
  readonly outputs: Output[] = [];
  ticks = 0;

  constructor(source: OpenSource, begin: BeginRun) {
    this.#source = source;
    this.#begin = begin;
  }

  async real(): Promise<void> {
    const backtest = await this.#begin((tick, text) => this.outputs.push({ tick, text }));
    for await (const { batch, warmUp, books } of this.#source.batches()) {
      warmUpFirst(backtest, batch, warmUp);
      backtest.run(batch, books);
    }
    backtest.finish();
    this.ticks = backtest.ticks;
  }

  async alone(): Promise<LookAheadFinding | null> {
    const comparison = new Comparison(this.outputs, this.ticks);
    const backtest = await this.#begin((tick, text) => comparison.note(tick, text));
    const single = createTickBatch(batchRows);
    const between = new BooksBetween();
    let time: Time = { day: 0, nsOfDay: 0 };
    try {
      for await (const { batch, warmUp, books } of this.#source.batches()) {
        warmUpFirst(backtest, batch, warmUp);
        between.begin(books);
        for (let row = 0; row < batch.count; row += 1) {
          // What books behind the tick before lead to is still its output.
          between.runBefore(backtest, batch.day[row]!, batch.nsOfDay[row]!);
          comparison.endOf(backtest.ticks);
          time = { day: batch.day[row]!, nsOfDay: batch.nsOfDay[row]! };
          isolate(batch, row, single);
          backtest.run(single);
        }
        between.runBefore(backtest, Number.POSITIVE_INFINITY, 0);
      }
      comparison.endOf(backtest.ticks);
    } catch (error) {
      return findingOf(error, 'alone', timeText(time));
    }
    return null;
  }

  /** With other ticks from row `cut` of the run on. */
  async cut(cut: number, factor: number): Promise<LookAheadFinding | null> {
    const comparison = new Comparison(this.outputs, cut);
    const backtest = await this.#begin((tick, text) => comparison.note(tick, text));
    let time = '';
    try {
      for await (const { batch, warmUp, books } of this.#source.batches()) {
        if (!warmUpFirst(backtest, batch, warmUp) && books === undefined) continue;
        const row = cut - backtest.ticks;
        const isLast = row < batch.count;
        if (batch.count > 0) time = timeOf(batch, Math.min(Math.max(0, row - 1), batch.count - 1));
        if (isLast && row >= 0) {
          if (books !== undefined) alterBooks(books, batch, row, factor);
          alter(batch, row, factor);
        }
        backtest.run(batch, books);
        // Books of the next batch may come before its ticks.
        comparison.endOf(Math.min(cut, backtest.ticks - 1));
        if (isLast) break;
      }
      comparison.endOf(Math.min(cut, backtest.ticks));
    } catch (error) {
      return findingOf(error, 'cut', time);
    }
    return null;
  }
}

function findingOf(error: unknown, pass: LookAheadFinding['pass'], time: string): LookAheadFinding {
  if (!(error instanceof Changed)) throw error;
  return { pass, time, expected: error.expected, found: error.found };
}

/** Row `row` alone; behind it a future that never was. */
function isolate(batch: TickBatch, row: number, single: TickBatch): void {
  const names = ['day', 'nsOfDay', 'sequence', 'price', 'volume', 'bid', 'ask'] as const;
  const others = ['bidVolume', 'askVolume', 'symbol', 'flags', 'shard'] as const;
  for (const name of names) single[name].fill(batch[name][row]!, 0, aheadRows);
  for (const name of others) single[name].fill(batch[name][row]!, 0, aheadRows);
  const factor = factors[row % 2]!;
  for (const name of alteredColumns)
    for (let at = 1; at < aheadRows; at += 1) single[name][at]! *= factor;
  single.count = 1;
}

/** From the row on: prices times the factor; 0: no ticks at all. */
function alter(batch: TickBatch, row: number, factor: number): void {
  for (const name of alteredColumns)
    for (let at = row; at < batch.count; at += 1) batch[name][at]! *= factor;
  if (factor === 0) batch.count = row;
}

/** The books of a batch of ticks, some at a time. */
class BooksBetween {
  readonly #queue = new BookQueue();
  readonly #some = createBookBatch(batchRows);
  readonly #noTicks = createTickBatch(1);

  begin(books: BookBatch | undefined): void {
    if (books !== undefined) this.#queue.begin(books);
  }

  runBefore(backtest: Backtest, day: number, nsOfDay: number): void {
    const queue = this.#queue;
    const some = this.#some;
    some.count = 0;
    for (; queue.isDueBefore(day, nsOfDay); some.count += 1)
      copyBookRow(queue.batch, queue.take(), some, some.count);
    if (some.count > 0) backtest.run(this.#noTicks, some);
  }
}

/** The books behind the row, likewise. */
function alterBooks(books: BookBatch, batch: TickBatch, row: number, factor: number): void {
  const queue = new BookQueue();
  queue.begin(books);
  let first = 0;
  while (queue.isDueBefore(batch.day[row]!, batch.nsOfDay[row]!)) first = queue.take() + 1;
  for (const name of alteredLevels)
    for (let at = first; at < books.count; at += 1) books[name][at]! *= factor;
  if (factor === 0) books.count = first;
}

export async function checkLookAhead(
  request: RunRequest,
  { signal, onProgress }: RunHooks = {},
): Promise<LookAheadResult> {
  const loaded = await loadStrategies(request.strategies);
  const source = await openSource(request.source, wantsBooks(loaded), signal);
  const passes = 2 + cutCount * factors.length;
  const told = (pass: number): void => onProgress?.(pass, passes);
  try {
    const { settings } = request;
    const check = new Check(source, runsOf(loaded, source.symbols, settings));
    await check.real();
    told(1);
    let finding = await check.alone();
    const random = await randomOf(settings);
    for (let at = 0; at < cutCount && finding === null && check.ticks > 1; at += 1) {
      const cut = 1 + random.integer(check.ticks - 1);
      for (const [place, factor] of factors.entries()) {
        finding ??= await check.cut(cut, factor);
        told(2 + at * factors.length + place);
      }
    }
    told(passes);
    return { ticks: check.ticks, outputs: check.outputs.length, cuts: cutCount, finding };
  } finally {
    await source.close();
  }
}
