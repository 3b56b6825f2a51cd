// Files as a feed, one after the other, at their own pace, a factor of it, or as fast as they are
// polled. Always: records come in the order of the files, each once, also when the feed was
// disconnected between; a file or record that cannot be used is counted, and the rest goes on.

import { type Clock, errorLine, NdtsError, type TickBatch, type TradeBatch } from '@ndts/protocol';
import type { EnsureSymbols } from '@ndts/storage';
import type { BookChangeBatch } from '../batches.js';
import {
  type Feed,
  type FeedAbilities,
  type FeedReject,
  type FeedState,
  type FeedStats,
  type FeedSymbol,
  noStats,
  type TakeHalt,
} from '../feed.js';
import { allRowKinds, FeedRows, type RowKind } from '../feed-rows.js';
import { Subscriptions } from '../subscriptions.js';
import { type FileFormatName, recogniseFile } from './file-format.js';
import { FilePace } from './file-pace.js';
import { type FilePart, partsOf, type PlainFile, titled } from './file-parts.js';
import type { RecordChunk, RecordSource } from './record-source.js';
import type { UnpackPlace } from './unpack.js';

export interface FileFeedOptions {
  readonly name: string;
  /** Read in this order. */
  readonly paths: readonly string[];
  /** Default: what is recognised, of each file by itself. */
  readonly format?: FileFormatName | undefined;
  /** 0: as fast as it is polled; 1: at its own pace. */
  readonly speed: number;
  readonly clock: Clock;
  /** Makes ids of names that are new; 0: it may be no symbol, and `refusal` says why. */
  readonly ensure: EnsureSymbols;
  readonly refusal?: (name: string) => string;
  /** Kinds of rows that are polled; default: all. */
  readonly kinds?: readonly RowKind[];
  readonly symbol?: string | undefined;
  readonly utcOffset?: string | undefined;
  readonly barSeconds?: number | undefined;
  readonly chunkRows?: number;
  /** Of files that are packed; undefined: they are refused. */
  readonly unpack?: UnpackPlace | undefined;
}

const chunkRowsDefault = 8192;
const backlogRows = 8192;
const refusedNamesMax = 10_000;
/** In a row of what is packed in one file: then the others are passed over. */
const unusableMax = 100;

export class FileFeed implements Feed {
  readonly name: string;
  readonly abilities: FeedAbilities = { trades: true, book: true, waits: true, repairs: false };
  readonly #options: FileFeedOptions;
  readonly #rows: FeedRows;
  readonly #wanted = new Subscriptions();
  #state: FeedState = 'disconnected';
  #reason = '';
  /** Grows with each connect and disconnect: what an older one began is void. */
  #life = 0;
  #file = 0;
  /** What is packed in this file, or itself; undefined: not looked at, or not to be read. */
  #parts: readonly FilePart[] | undefined;
  #part = 0;
  /** Parts in a row that were unpacked for nothing. */
  #unusable = 0;
  /** The part that is read. */
  #plain: PlainFile | undefined;
  #unpacking: AbortController | undefined;
  /** Of the file, chunks before this one were used up; and records of this one. */
  #source: RecordSource | undefined;
  #chunk: RecordChunk | undefined;
  #record = 0;
  /** Records of the file that were used up: where to go on after a disconnect. */
  #done = 0;
  #skip = 0;
  /** Of the file: chunks that were read, and those whose rejects were counted. */
  #chunks = 0;
  #chunksCounted = 0;
  #work: Promise<void> = Promise.resolve();
  #isReading = false;
  #isEnded = false;
  readonly #refusedNames = new Set<string>();
  readonly #pace: FilePace;
  #polled = 0;
  #trades = 0;
  #bookRows = 0;
  #records = 0;

  constructor(options: FileFeedOptions) {
    this.name = options.name;
    this.#options = options;
    this.#pace = new FilePace(options.speed);
    this.#rows = new FeedRows(backlogRows, options.kinds ?? allRowKinds, () => undefined);
  }

  async connect(): Promise<void> {
    if (this.#state !== 'disconnected') return this.#work;
    this.#state = 'connecting';
    this.#life += 1;
    const life = this.#life;
    this.#work = this.#work.then(() => this.#begin(life));
    return this.#work;
  }

  async #begin(life: number): Promise<void> {
    if (life !== this.#life) return;
    try {
      if (!this.#isEnded) await this.#openFile(life);
      if (this.#source !== undefined) await this.#read(life);
      if (life !== this.#life) return;
      this.#state = 'connected';
      this.#reason = '';
      this.#pace.restart();
    } catch (error) {
      if (life !== this.#life) return;
      this.#state = 'failed';
      this.#reason = errorLine(error);
      throw error;
    }
  }

  async #openFile(life: number): Promise<void> {
    const { paths, unpack } = this.#options;
    const path = paths[this.#file];
    if (path === undefined) {
      this.#isEnded = true;
      return;
    }
    this.#parts ??= await partsOf(path, unpack);
    const part = this.#parts[this.#part];
    if (part === undefined || life !== this.#life) return;
    const plain = await this.#unpack(part);
    try {
      const source = await this.#openPlain(plain);
      if (life === this.#life) {
        this.#source = source;
        this.#plain = plain;
        this.#pace.beginFile();
        this.#unusable = 0;
        this.#chunks = 0;
        this.#skip = this.#done;
        return;
      }
      await source.close();
    } catch (error) {
      this.#unusable += 1;
      await plain.remove();
      throw titled(error, plain);
    }
    await plain.remove();
  }

  async #unpack(part: FilePart): Promise<PlainFile> {
    const stop = new AbortController();
    this.#unpacking = stop;
    const progress = (done: number): void => {
      this.#reason = `unpacking ${part.title}: ${Math.floor(100 * done)} %`;
    };
    try {
      return await part.open({ signal: stop.signal, progress });
    } finally {
      if (part.isPacked) this.#reason = '';
      this.#unpacking = undefined;
    }
  }

  async #openPlain(plain: PlainFile): Promise<RecordSource> {
    const { format: said, chunkRows, paths: _, ...options } = this.#options;
    const { beginning, format } = await recogniseFile(plain.path, said, plain.name);
    const ensure: EnsureSymbols = (names) => this.#ensure(names);
    const rows = chunkRows ?? chunkRowsDefault;
    return format.open(beginning, { ...options, ensure, chunkRows: rows });
  }

  /** A name that may be no symbol is told once; its rows are counted as skipped. */
  async #ensure(names: readonly string[]): Promise<Uint32Array> {
    const { clock, ensure, refusal } = this.#options;
    const ids = await ensure(names);
    for (const [at, name] of names.entries())
      if (ids[at] === 0 && !this.#refusedNames.has(name)) {
        if (this.#refusedNames.size < refusedNamesMax) this.#refusedNames.add(name);
        this.#rows.reject(clock.nowMs(), 'symbol', refusal?.(name) ?? 'no symbol', name);
      }
    return ids;
  }

  async disconnect(): Promise<void> {
    this.#life += 1;
    this.#state = 'disconnected';
    this.#reason = '';
    this.#rows.clear();
    this.#chunk = undefined;
    this.#unpacking?.abort();
    // What was begun ends first: the reader must not be closed under it.
    this.#work = this.#work.catch(() => undefined).then(() => this.#closeFile());
    await this.#work;
  }

  async #closeFile(): Promise<void> {
    const [source, plain] = [this.#source, this.#plain];
    this.#source = undefined;
    this.#plain = undefined;
    try {
      await source?.close();
    } finally {
      await plain?.remove();
    }
  }

  subscribe(symbols: readonly FeedSymbol[]): void {
    this.#wanted.add(symbols);
  }

  unsubscribe(symbols: readonly FeedSymbol[]): void {
    this.#wanted.remove(symbols);
    this.#rows.drop(symbols);
  }

  poll(batch: TickBatch): number {
    this.#advance();
    const count = this.#rows.takeTicks(batch);
    this.#polled += count;
    return count;
  }

  pollTrades(batch: TradeBatch): number {
    this.#advance();
    const count = this.#rows.takeTrades(batch);
    this.#trades += count;
    return count;
  }

  pollBook(batch: BookChangeBatch): number {
    this.#advance();
    const count = this.#rows.takeBook(batch);
    this.#bookRows += count;
    return count;
  }

  pollHalts(take: TakeHalt): void {
    this.#rows.takeHalts(take);
  }

  /** Its end is all it knows. */
  dueNs(): number | undefined {
    return this.stats().isEnded ? Number.POSITIVE_INFINITY : undefined;
  }

  stats(): FeedStats {
    const { skipped, backlog, malformed, malformedBy } = this.#rows;
    return {
      ...noStats,
      state: this.#state,
      reason: this.#reason,
      polled: this.#polled,
      trades: this.#trades,
      bookRows: this.#bookRows,
      messages: this.#records,
      skipped,
      backlog,
      malformed,
      malformedBy: { ...malformedBy },
      isEnded: this.#isEnded && backlog === 0,
    };
  }

  rejects(limit: number): readonly FeedReject[] {
    return this.#rows.rejects(limit);
  }

  /** Makes rows of the records that are due and have room. */
  #advance(): void {
    if (this.#state !== 'connected' || this.#isEnded) return;
    const chunk = this.#chunk;
    const source = this.#source;
    if (chunk === undefined || source === undefined) {
      this.#readOn();
      return;
    }
    const isAll = this.#wanted.isAll;
    const room = backlogRows - source.rowsMax;
    const nowNs = this.#options.clock.monotonicNs();
    while (this.#record < chunk.count && this.#rows.fullest <= room) {
      const record = this.#record;
      if (!this.#pace.isDue(chunk, record, nowNs)) return;
      const symbol = chunk.symbol[record] ?? 0;
      if (symbol === 0) this.#rows.skipped += 1;
      else if (isAll || this.#wanted.has(symbol)) chunk.emit(record, this.#rows);
      this.#record += 1;
      this.#done += 1;
      this.#records += 1;
    }
    if (this.#record < chunk.count) return;
    this.#chunk = undefined;
    this.#readOn();
  }

  #readOn(): void {
    if (this.#isReading) return;
    this.#isReading = true;
    const life = this.#life;
    this.#work = this.#work
      .then(() => this.#read(life))
      .finally(() => {
        this.#isReading = false;
      });
    this.#work.catch(() => undefined); // read() does not throw
  }

  async #read(life: number): Promise<void> {
    const source = this.#source;
    if (life !== this.#life || source === undefined) return;
    try {
      let chunk = await source.next();
      // What was used up before a disconnect is passed over at once.
      while (life === this.#life && this.#take(chunk) && !chunk.ended) chunk = await source.next();
      if (life !== this.#life) return;
      if (chunk.ended && this.#chunk === undefined) await this.#nextFile(life);
    } catch (error) {
      if (life !== this.#life) return;
      this.#refuseFile(error);
      await this.#nextFile(life);
    }
  }

  /** @returns true: all of it was used up before */
  #take(chunk: RecordChunk): boolean {
    const nowMs = this.#options.clock.nowMs();
    const passed = Math.min(this.#skip, chunk.count);
    this.#skip -= passed;
    this.#record = passed;
    const isDone = passed === chunk.count && passed > 0;
    this.#chunk = chunk.count > passed ? chunk : undefined;
    this.#chunks += 1;
    if (this.#chunks <= this.#chunksCounted) return isDone; // before a disconnect
    this.#chunksCounted = this.#chunks;
    for (const { line, column, reason, text } of chunk.rejects) {
      const place = line > 0 ? `line ${line}: ` : '';
      const field = column === undefined ? '' : `${column}: `;
      this.#records += 1;
      const rule = column === undefined ? 'message' : 'value';
      this.#rows.reject(nowMs, rule, `${place}${field}${reason}`, text);
    }
    return isDone;
  }

  #refuseFile(error: unknown): void {
    const path = this.#options.paths[this.#file] ?? '';
    const said = this.#plain === undefined ? error : titled(error, this.#plain);
    this.#rows.reject(this.#options.clock.nowMs(), 'file', errorLine(said), path);
  }

  /** The next one that can be opened; none: it is at its end. */
  async #nextFile(life: number): Promise<void> {
    this.#done = 0;
    this.#chunksCounted = 0;
    await this.#closeFile();
    for (;;) {
      this.#part += 1;
      if (this.#part >= this.#partsToRead()) {
        this.#file += 1;
        this.#unusable = 0;
        this.#part = 0;
        this.#parts = undefined;
      }
      try {
        await this.#openFile(life);
        return;
      } catch (error) {
        if (life !== this.#life) return;
        this.#refuseFile(error);
      }
    }
  }
  /** Of this file. What it holds of what is of no use must not keep the feed for minutes. */
  #partsToRead(): number {
    const count = this.#parts?.length ?? 0;
    const left = count - this.#part;
    if (this.#unusable < unusableMax || left <= 0) return count;
    const why = `${unusableMax} files in a row of it are of no use: ${left} more are passed over`;
    const path = this.#options.paths[this.#file] ?? '';
    this.#refuseFile(new NdtsError('INVALID_ARGUMENT', `${path}: ${why}`));
    return this.#part;
  }
}
