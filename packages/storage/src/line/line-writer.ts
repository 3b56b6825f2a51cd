// Lines into tables: the parser's batches are appended, what it does not know is looked up or
// created. Always: rows are appended in the order of their lines; of a stream nothing behind a
// refused line is; and no more than a fixed share of staging waits for the disk because of it, so
// that appending does not stop the process.

import type { Database } from '@ndts/native/db';
import {
  LineParser,
  type LineReason,
  type LineRefusal,
  LineStop,
  refusedSymbol,
} from '@ndts/native/line';
import { type Clock, NdtsError, type TableSchema } from '@ndts/protocol';
import { refusalText } from './line-refusal.js';
import type { LineIntake, LineSink } from './line-sink.js';
import type { SymbolRegistry } from '../table/symbol-registry.js';
import { isBuiltIn, schemaFor, symbolName, zeroColumns } from './line-policy.js';

export interface LineWriterOptions {
  readonly database: Database;
  readonly symbols: SymbolRegistry;
  readonly clock: Clock;
  /** Not to be guessed from outside. */
  readonly seed: number;
  readonly lineBytesMax: number;
  readonly symbolTag: string;
  readonly createTables: boolean;
  readonly tablesMax: number;
  readonly symbolsMax: number;
  /** Takes market data of streams that are fed; undefined: all goes into tables. */
  readonly sink: LineSink | undefined;
  /** Bytes that may be accepted and not durable before the next are taken. */
  readonly aheadBytesMax: number;
}

export interface LineOutcome {
  /** Rows accepted by this call. */
  readonly rows: number;
  readonly refusal: LineRefusal | undefined;
}

const firstRows = 256;
const rowsMax = 8192;
const growth = 4;
const noIds = new Uint32Array(0);
const noRefusals: ReadonlyMap<string, number> = new Map();

export class LineWriter {
  readonly #options: LineWriterOptions;
  readonly #parser: LineParser;
  /** Of the engine, by index of the parser. */
  readonly #tableIds: number[] = [];
  #symbolCount: number;
  #position = 0;
  /** Settled when nobody is writing. */
  #turn: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: LineWriterOptions) {
    const { seed, lineBytesMax, symbolTag } = options;
    this.#options = options;
    this.#parser = new LineParser({ seed, lineBytesMax, symbolTag });
    this.#symbolCount = options.symbols.all().length;
  }

  /** Of one connection or request. `isFed`: its market data goes to the sink, if there is one. */
  openStream(unitNs: number, isFed = true): LineInput {
    const sink = isFed ? this.#options.sink?.open() : undefined;
    return new LineInput(this, this.#parser.openStream(unitNs), sink);
  }

  /** Log position up to which rows were appended. */
  get position(): number {
    return this.#position;
  }

  /** What a sink took is stored by others: up to wherever they are. */
  async durable(sink: LineIntake | undefined): Promise<void> {
    const { database } = this.#options;
    await database.durable(sink === undefined ? this.#position : database.acceptedPosition());
  }

  /** After whoever is writing. */
  async close(): Promise<void> {
    await this.#inTurn(async () => {
      this.#closed = true;
      this.#parser.close();
    });
  }

  /** For LineInput: undefined bytes are the end of the input. */
  write(
    stream: number,
    bytes: Uint8Array | undefined,
    sink: LineIntake | undefined,
  ): Promise<LineOutcome> {
    return this.#inTurn(async () => {
      if (this.#closed) throw new NdtsError('CLOSED', 'line protocol is closed');
      try {
        const outcome = await this.#take(stream, bytes, sink);
        if (outcome.refusal !== undefined)
          sink?.refused(outcome.refusal, refusalText(outcome.refusal));
        return outcome;
      } finally {
        this.#parser.clear();
      }
    });
  }

  closeStream(stream: number): number {
    return this.#closed ? 0 : this.#parser.closeStream(stream);
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#turn;
    let end = (): void => undefined;
    this.#turn = new Promise((resolve) => {
      end = resolve;
    });
    await before;
    try {
      return await work();
    } finally {
      end();
    }
  }

  async #take(
    stream: number,
    bytes: Uint8Array | undefined,
    sink: LineIntake | undefined,
  ): Promise<LineOutcome> {
    const parser = this.#parser;
    let rows = 0;
    for (let taken = 0; ; taken = parser.taken) {
      const now = this.#options.clock.now();
      const stop =
        bytes === undefined ? parser.finish(stream, now) : parser.parse(stream, bytes, taken, now);
      let refusal = stop === LineStop.refused ? parser.refusal() : undefined;
      if (stop === LineStop.table) refusal = this.#learnTable();
      if (stop === LineStop.table && refusal === undefined) continue;
      const full = stop === LineStop.full ? parser.fullTable() : undefined;
      const flushed = await this.#flush(sink);
      rows += flushed.rows;
      refusal = flushed.refusal ?? refusal;
      if (full === undefined || refusal !== undefined) return { rows, refusal };
      const { schema, capacity } = full.batch;
      if (capacity < rowsMax)
        parser.addTable(schema, Math.min(growth * capacity, rowsMax), zeroColumns(schema));
    }
  }

  async #flush(sink: LineIntake | undefined): Promise<LineOutcome> {
    const { database, aheadBytesMax } = this.#options;
    const names = this.#parser.fresh();
    const ids = names.length === 0 ? noIds : await this.#register(names, sink);
    const refusal = this.#parser.settle(ids);
    let rows = 0;
    for (const { index, batch } of this.#parser.tables) {
      if (batch.count === 0) continue;
      if (sink?.tables.has(batch.schema.name) === true) await sink.take(batch.schema.name, batch);
      else this.#position = database.appendRows(this.#tableIds[index] ?? 0, batch);
      rows += batch.count;
    }
    this.#parser.clear();
    if (database.acceptedPosition() - database.durablePosition() > aheadBytesMax)
      await database.durable();
    return { rows, refusal };
  }

  async #register(
    names: readonly Uint8Array[],
    sink: LineIntake | undefined,
  ): Promise<Uint32Array> {
    const { database, symbols, symbolsMax } = this.#options;
    const wanted = names.map(symbolName);
    const allowed: string[] = [];
    let count = this.#symbolCount;
    for (const [place, name] of wanted.entries()) {
      if (name === undefined) continue;
      const isNew = symbols.byName(name) === undefined;
      if (isNew && count >= symbolsMax) {
        wanted[place] = undefined;
        continue;
      }
      if (isNew) count += 1;
      allowed.push(name);
    }
    if (sink !== undefined) return this.#admit(wanted, allowed, sink);
    const entries = await symbols.ensure(allowed);
    this.#symbolCount = count;
    for (const { id, shard, name } of entries) database.registerSymbol(id, shard, name);
    return Uint32Array.from(wanted, (name) =>
      name === undefined ? refusedSymbol : (symbols.byName(name)?.id ?? refusedSymbol),
    );
  }

  /** Names of a stream that is fed go through the door of feeds, too. */
  async #admit(
    wanted: readonly (string | undefined)[],
    allowed: readonly string[],
    sink: LineIntake,
  ): Promise<Uint32Array> {
    const ids = await sink.ensure(allowed);
    const known = new Map(allowed.map((name, at) => [name, ids[at] ?? 0]));
    this.#symbolCount = this.#options.symbols.all().length;
    return Uint32Array.from(
      wanted,
      (name) => (name === undefined ? 0 : known.get(name)) || refusedSymbol,
    );
  }

  /** Makes the table of the line known to the parser, creating it if that is allowed. */
  #learnTable(): LineRefusal | undefined {
    const { database, createTables, tablesMax } = this.#options;
    const shape = this.#parser.shape();
    const refuse = (reason: LineReason): LineRefusal => ({
      line: this.#parser.line,
      reason,
      detail: shape?.name ?? '',
    });
    if (shape === undefined) return refuse('text');
    const tables = database.tables();
    const known = tables.find((one) => one.name === shape.name);
    if (known !== undefined) {
      this.#addTable(known, known.id);
      return undefined;
    }
    if (!createTables && !isBuiltIn(shape.name)) return refuse('tableUnknown');
    const schema = schemaFor(shape, tables);
    if (schema === undefined || tables.length >= tablesMax) return refuse('tableName');
    this.#addTable(schema, database.createTable(schema));
    return undefined;
  }

  #addTable(schema: TableSchema, id: number): void {
    const { index } = this.#parser.addTable(schema, firstRows, zeroColumns(schema));
    this.#tableIds[index] = id;
  }
}

/** What one connection or request sends. Calls are made one after the other. */
export class LineInput {
  readonly #writer: LineWriter;
  readonly #stream: number;
  readonly #sink: LineIntake | undefined;
  #rows = 0;

  constructor(writer: LineWriter, stream: number, sink: LineIntake | undefined) {
    this.#writer = writer;
    this.#sink = sink;
    this.#stream = stream;
  }

  /** Rows accepted so far; of those that went to the sink, also what a rule refuses. */
  get rows(): number {
    return this.#rows;
  }

  /** Of these, what is known not to be stored, by rule. */
  get refusedBy(): ReadonlyMap<string, number> {
    return this.#sink?.refusedBy ?? noRefusals;
  }

  /** Rejects when the engine refuses rows; some of these bytes may be stored then. */
  async write(bytes: Uint8Array): Promise<LineRefusal | undefined> {
    return this.#note(await this.#writer.write(this.#stream, bytes, this.#sink));
  }

  /** The input is over; a last line needs no newline. */
  async end(): Promise<LineRefusal | undefined> {
    return this.#note(await this.#writer.write(this.#stream, undefined, this.#sink));
  }

  /** Every row is accepted, and durable where that is asked for; those that went to the sink are
   * so, or refused by a rule. */
  async settled(ack: 'accepted' | 'durable'): Promise<void> {
    await this.#sink?.settled();
    if (ack === 'durable') await this.#writer.durable(this.#sink);
  }

  /** Returns the bytes of a line that never ended. */
  close(): number {
    this.#sink?.close();
    return this.#writer.closeStream(this.#stream);
  }

  #note(outcome: LineOutcome): LineRefusal | undefined {
    this.#rows += outcome.rows;
    return outcome.refusal;
  }
}
