// Generated from packages/protocol/schema by tools/generate.mjs. Do not edit.

import type { TableSchema } from '../table-schema.js';

/** Last price and volume with best bid and ask; every database has this table. */
export const tickSchema: TableSchema = {
  name: 'tick',
  columns: [
    { name: 'price', type: 'f64' },
    { name: 'volume', type: 'f64' },
    { name: 'bid1', type: 'f64' },
    { name: 'ask1', type: 'f64' },
    { name: 'bid_vol1', type: 'f64' },
    { name: 'ask_vol1', type: 'f64' },
    { name: 'flags', type: 'i32' },
  ],
};

/** A trade at the venue. */
export const tradeSchema: TableSchema = {
  name: 'trade',
  columns: [
    { name: 'price', type: 'f64' },
    { name: 'volume', type: 'f64' },
    { name: 'side', type: 'i32' },
    { name: 'trade_id', type: 'text', nullable: true },
  ],
};

/** The best five levels of an order book. */
export const bookSchema: TableSchema = {
  name: 'book',
  columns: [
    { name: 'bid1', type: 'f64', nullable: true },
    { name: 'bid2', type: 'f64', nullable: true },
    { name: 'bid3', type: 'f64', nullable: true },
    { name: 'bid4', type: 'f64', nullable: true },
    { name: 'bid5', type: 'f64', nullable: true },
    { name: 'bid_vol1', type: 'f64', nullable: true },
    { name: 'bid_vol2', type: 'f64', nullable: true },
    { name: 'bid_vol3', type: 'f64', nullable: true },
    { name: 'bid_vol4', type: 'f64', nullable: true },
    { name: 'bid_vol5', type: 'f64', nullable: true },
    { name: 'ask1', type: 'f64', nullable: true },
    { name: 'ask2', type: 'f64', nullable: true },
    { name: 'ask3', type: 'f64', nullable: true },
    { name: 'ask4', type: 'f64', nullable: true },
    { name: 'ask5', type: 'f64', nullable: true },
    { name: 'ask_vol1', type: 'f64', nullable: true },
    { name: 'ask_vol2', type: 'f64', nullable: true },
    { name: 'ask_vol3', type: 'f64', nullable: true },
    { name: 'ask_vol4', type: 'f64', nullable: true },
    { name: 'ask_vol5', type: 'f64', nullable: true },
  ],
};

/** Ticks of an interval in one row; its time is the start of the interval. */
export const barSchema: TableSchema = {
  name: 'bar',
  columns: [
    { name: 'open', type: 'f64' },
    { name: 'high', type: 'f64' },
    { name: 'low', type: 'f64' },
    { name: 'close', type: 'f64' },
    { name: 'volume', type: 'f64' },
    { name: 'turnover', type: 'f64', nullable: true },
    { name: 'ticks', type: 'i64' },
    { name: 'interval', type: 'i64' },
  ],
};

/** Values of a factor that a strategy stores, one row a tick; the time is that of the tick. */
export const factorSchema: TableSchema = {
  name: 'factor',
  columns: [
    { name: 'strategy', type: 'text' },
    { name: 'factor', type: 'text' },
    { name: 'version', type: 'i32' },
    { name: 'value', type: 'f64', nullable: true },
    { name: 'middle', type: 'f64', nullable: true },
    { name: 'upper', type: 'f64', nullable: true },
    { name: 'lower', type: 'f64', nullable: true },
    { name: 'tick_shard', type: 'i32' },
    { name: 'tick_epoch', type: 'i64' },
    { name: 'first_sequence', type: 'i64', nullable: true },
    { name: 'last_sequence', type: 'i64' },
  ],
};

/** What a strategy asked for. */
export const signalSchema: TableSchema = {
  name: 'signal',
  columns: [
    { name: 'strategy', type: 'text' },
    { name: 'ordinal', type: 'i64' },
    { name: 'side', type: 'i32' },
    { name: 'quantity', type: 'f64' },
    { name: 'price', type: 'f64', nullable: true },
  ],
};

/** Ticks that cleaning refused, as they came, and samples of what feeds could not use; the time is that of their reception. */
export const rejectsSchema: TableSchema = {
  name: 'rejects',
  columns: [
    { name: 'reason', type: 'text' },
    { name: 'source', type: 'text' },
    { name: 'live', type: 'bool' },
    { name: 'tick_day', type: 'f64' },
    { name: 'tick_ns', type: 'f64' },
    { name: 'price', type: 'f64' },
    { name: 'volume', type: 'f64' },
    { name: 'bid1', type: 'f64' },
    { name: 'ask1', type: 'f64' },
    { name: 'bid_vol1', type: 'f64' },
    { name: 'ask_vol1', type: 'f64' },
    { name: 'next_sequence', type: 'i64' },
    { name: 'sample', type: 'text', nullable: true },
  ],
};

/** Changes of order books in full depth, as their source sent them: messages of one or more rows. */
export const bookChangeSchema: TableSchema = {
  name: 'book_change',
  columns: [
    { name: 'side', type: 'i32' },
    { name: 'price', type: 'f64' },
    { name: 'quantity', type: 'f64' },
    { name: 'venue_sequence', type: 'f64', nullable: true },
    { name: 'previous', type: 'f64', nullable: true },
    { name: 'flags', type: 'i32' },
    { name: 'source', type: 'text' },
  ],
};

/** Trades that cleaning refused, as they came; the time is that of their reception. */
export const tradeRejectsSchema: TableSchema = {
  name: 'trade_rejects',
  columns: [
    { name: 'reason', type: 'text' },
    { name: 'source', type: 'text' },
    { name: 'live', type: 'bool' },
    { name: 'trade_day', type: 'f64' },
    { name: 'trade_ns', type: 'f64' },
    { name: 'price', type: 'f64' },
    { name: 'volume', type: 'f64' },
    { name: 'side', type: 'i32' },
    { name: 'trade_id', type: 'text', nullable: true },
    { name: 'next_sequence', type: 'i64' },
  ],
};

/** A change of the quality of a symbol. */
export const qualitySchema: TableSchema = {
  name: 'quality',
  columns: [
    { name: 'from_state', type: 'text' },
    { name: 'to_state', type: 'text' },
    { name: 'flags', type: 'i32' },
    { name: 'reason', type: 'text' },
    { name: 'source', type: 'text' },
  ],
};
