// Binance public files: trades, aggregated trades, best quotes. Without a header those of the spot
// market, with one those of futures. Times are milliseconds, and microseconds in spot files since
// 2025: their size tells.

import { NdtsError, TradeFlags } from '@ndts/protocol';
import { quotePrice } from '../quote-price.js';
import { emitTick, emitTrade } from './emit.js';
import { columnNamed, type FileBeginning, hasColumns, symbolInName } from './file-beginning.js';
import type { FileFormat, FileFormatOptions } from './file-format.js';
import { openTable, realsOf, type RecordSource, TableRecordSource } from './record-source.js';

const truth = /^(true|false)$/i;

const tradeSchema = {
  name: 'trades',
  columns: [
    { name: 'id', type: 'f64' as const },
    { name: 'price', type: 'f64' as const },
    { name: 'quantity', type: 'f64' as const },
    { name: 'maker', type: 'text' as const },
  ],
};

/** What a trade's columns are called, and where they stand when they are called nothing. */
interface TradeColumns {
  readonly id: readonly string[];
  readonly time: number;
  readonly maker: number;
}

const plainTrades: TradeColumns = { id: ['id', 'trade_id'], time: 5, maker: 6 };
const aggregated: TradeColumns = { id: ['agg_trade_id', 'a'], time: 6, maker: 7 };

export function symbolOf(beginning: FileBeginning, options: FileFormatOptions): string {
  const symbol = options.symbol ?? symbolInName(beginning.name);
  if (symbol !== undefined) return symbol;
  throw new NdtsError(
    'INVALID_ARGUMENT',
    `${beginning.path}: neither it nor its name has a symbol: say --symbol`,
  );
}

async function openTrades(
  beginning: FileBeginning,
  options: FileFormatOptions,
  columns: TradeColumns,
): Promise<RecordSource> {
  const named = (names: readonly string[], place: number): string =>
    columnNamed(beginning, names) ?? String(place);
  const table = await openTable(
    { ...beginning, ...options },
    {
      schema: tradeSchema,
      map: {
        time: named(['time', 'transact_time', 'timestamp', 'T'], columns.time),
        id: named(columns.id, 1),
        price: named(['price', 'p'], 2),
        quantity: named(['qty', 'quantity', 'q'], 3),
        maker: named(['is_buyer_maker', 'isBuyerMaker', 'm'], columns.maker),
      },
      set: { symbol: symbolOf(beginning, options) },
      header: beginning.hasHeader,
      timeFormat: 'auto',
    },
  );
  return new TableRecordSource(table, 1, (batch) => {
    const price = realsOf(batch, 'price');
    const quantity = realsOf(batch, 'quantity');
    const id = realsOf(batch, 'id');
    return {
      emit: (record, rows) => {
        const isBuyerMaker = batch.text('maker', record).toLowerCase() === 'true';
        const flags = isBuyerMaker ? TradeFlags.sell : TradeFlags.buy;
        emitTrade(rows, batch, record, price[record]!, quantity[record]!, id[record]!, flags);
        emitTick(rows, batch, record, price[record]!, quantity[record]!);
      },
    };
  });
}

function isTrades({ hasHeader, first, name }: FileBeginning): boolean {
  if (hasHeader) return first.some((one) => /is_?buyer_?maker/i.test(one));
  return /-trades?-/i.test(name) || (first.length <= 7 && truth.test(first[5] ?? ''));
}

function isAggregated(beginning: FileBeginning): boolean {
  const { first, name, hasHeader } = beginning;
  if (hasHeader) return hasColumns(beginning, 'agg_trade_id');
  return /-aggTrades-/i.test(name) || (first.length === 8 && truth.test(first[6] ?? ''));
}

export const tradesFormat: FileFormat = {
  name: 'binance-trades',
  trades: true,
  book: false,
  matches: isTrades,
  open: (beginning, options) => openTrades(beginning, options, plainTrades),
};

export const aggTradesFormat: FileFormat = {
  name: 'binance-aggtrades',
  trades: true,
  book: false,
  matches: isAggregated,
  open: (beginning, options) => openTrades(beginning, options, aggregated),
};

const quoteSchema = {
  name: 'quotes',
  columns: ['bid', 'bidVolume', 'ask', 'askVolume'].map((name) => ({ name, type: 'f64' as const })),
};

/** A quote has no last price; its tick has the volume 0. */
export const bookTickerFormat: FileFormat = {
  name: 'binance-bookticker',
  trades: false,
  book: false,
  matches: (beginning) =>
    /bookTicker/i.test(beginning.name) || hasColumns(beginning, 'best_bid_price', 'best_ask_price'),
  open: async (beginning, options) => {
    const named = (name: string, place: number): string =>
      columnNamed(beginning, [name]) ?? String(place);
    const table = await openTable(
      { ...beginning, ...options },
      {
        schema: quoteSchema,
        map: {
          time: named('transaction_time', 6),
          bid: named('best_bid_price', 2),
          bidVolume: named('best_bid_qty', 3),
          ask: named('best_ask_price', 4),
          askVolume: named('best_ask_qty', 5),
        },
        set: { symbol: symbolOf(beginning, options) },
        header: beginning.hasHeader,
        timeFormat: 'auto',
      },
    );
    return new TableRecordSource(table, 1, (batch) => {
      const [bid, bidVolume, ask, askVolume] = quoteSchema.columns.map(({ name }) =>
        realsOf(batch, name),
      ) as [Float64Array, Float64Array, Float64Array, Float64Array];
      return {
        emit: (record, rows) =>
          emitTick(
            rows,
            batch,
            record,
            quotePrice(bid[record]!, ask[record]!),
            0,
            bid[record]!,
            ask[record]!,
            bidVolume[record]!,
            askVolume[record]!,
          ),
      };
    });
  },
};
