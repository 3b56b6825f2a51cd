// A database with rows in every kind of place: several segments, rows sealed late, the live
// memtable, and the same rows as plain objects to compare with.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Database, openDatabase, TableBatch } from '@ndts/native/db';
import { type TableSchema, timeText } from '@ndts/protocol';
import { SeededRandom, SystemClock } from '@ndts/runtime';
import type { SqlRow } from './batch.js';
import { type QueryOptions, Sql } from './query.js';

export const dealSchema: TableSchema = {
  name: 'deal',
  columns: [
    { name: 'price', type: 'f64', nullable: true },
    { name: 'size', type: 'i32' },
    { name: 'id', type: 'i64' },
    { name: 'venue', type: 'text', nullable: true },
    { name: 'other', type: 'symbol' },
    { name: 'buy', type: 'bool' },
  ],
};

export interface Deal {
  readonly day: number;
  readonly nsOfDay: number;
  readonly symbol: string;
  readonly sequence: number;
  readonly price: number | null;
  readonly size: number;
  readonly id: bigint;
  readonly venue: string | null;
  readonly other: string;
  readonly buy: boolean;
}

const venues = ['XNYS', 'XNAS', 'a venue with a long name', 'Börse', ''];

interface Cleanup {
  after(action: () => void): void;
}

export class DealDatabase {
  readonly database: Database;
  readonly sql: Sql;
  readonly deals: Deal[] = [];
  readonly symbols: readonly string[];
  readonly #random: SeededRandom;
  readonly #table: number;

  constructor(test: Cleanup, seed: number, symbolCount = 7) {
    const root = mkdtempSync(join(tmpdir(), 'ndts-sql-'));
    this.#random = new SeededRandom(seed);
    this.database = openDatabase({
      dir: join(root, 'data'),
      stagingDir: join(root, 'staging'),
      stagingBytes: 4 << 20,
      walFileBytes: 4 << 20,
      walBudgetBytes: 64 << 20,
      memtableBytes: 16 << 20,
      commitIntervalMs: 1,
      sealIntervalMs: 0,
      shardCount: 2,
    });
    test.after(() => {
      this.database.close();
      rmSync(root, { recursive: true, force: true });
    });
    this.symbols = Array.from({ length: symbolCount }, (_, id) =>
      id % 2 === 0 ? `S${id}` : `A symbol with a long name ${id}`,
    );
    for (const [id, name] of this.symbols.entries()) this.database.registerSymbol(id, id % 2, name);
    this.#table = this.database.createTable(dealSchema);
    this.sql = new Sql({ database: this.database, clock: new SystemClock() });
  }

  /** Rows of two days, out of order, some at one time. */
  append(count: number): void {
    const batch = new TableBatch(dealSchema, count);
    const next = [0, 1].map((shard) => this.database.nextSequence(shard, this.#table));
    batch.clear();
    for (let row = 0; row < count; row += 1) {
      const symbol = this.#random.integer(this.symbols.length);
      const deal = this.#deal(symbol, next[symbol % 2]!++);
      this.deals.push(deal);
      put(batch, row, deal, symbol, this.symbols.indexOf(deal.other));
    }
    batch.count = count;
    this.database.appendRows(this.#table, batch);
  }

  /** Segments of several seals, and rows that are in no file yet. */
  fill(rows: number): void {
    for (let part = 0; part < 3; part += 1) {
      this.append(rows);
      this.database.seal();
    }
    this.append(rows);
  }

  #deal(symbol: number, sequence: number): Deal {
    const random = this.#random;
    return {
      day: 20_000 + random.integer(2),
      nsOfDay: random.integer(86_400) * 1e9 + (random.integer(3) === 0 ? random.integer(1000) : 0),
      symbol: this.symbols[symbol]!,
      sequence,
      price: random.integer(8) === 0 ? null : random.integer(100_000) / 100,
      size: random.integer(1000) - 500,
      id: (BigInt(random.integer(2 ** 31)) << 32n) + BigInt(random.integer(2 ** 31)),
      venue: random.integer(6) === 0 ? null : venues[random.integer(venues.length)]!,
      other: this.symbols[random.integer(this.symbols.length)]!,
      buy: random.integer(2) === 1,
    };
  }

  /** With and without bounds handed to the scans: both must say the same. */
  async rows(text: string, options: QueryOptions = {}): Promise<SqlRow[]> {
    const result = await this.sql.query(text, { threads: 2, ...options });
    return result.rows();
  }
}

function put(batch: TableBatch, row: number, deal: Deal, symbol: number, other: number): void {
  batch.day[row] = deal.day;
  batch.nsOfDay[row] = deal.nsOfDay;
  batch.symbol[row] = symbol;
  batch.nulls('price')![row] = 0;
  batch.nulls('venue')![row] = 0;
  if (deal.price === null) batch.setNull('price', row);
  else batch.doubles('price')[row] = deal.price;
  batch.column('size')[row] = deal.size;
  batch.column('id')[row] = deal.id;
  if (deal.venue === null) batch.setNull('venue', row);
  else batch.setText('venue', row, deal.venue);
  batch.column('other')[row] = other;
  batch.column('buy')[row] = deal.buy ? 1 : 0;
}

/** As SQL takes it. */
export function timeLiteral(day: number, nsOfDay = 0): string {
  return timeText({ day, nsOfDay }).replace('T', ' ').slice(0, -1);
}
