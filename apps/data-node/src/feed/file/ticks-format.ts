// Ticks under the names that files give them: ours (exports, `ndts replay`) and what others call
// the same.

import { symbolOf } from './binance-format.js';
import { emitTick } from './emit.js';
import { columnNamed, type FileBeginning } from './file-beginning.js';
import type { FileFormat } from './file-format.js';
import { openTable, realsOf, TableRecordSource } from './record-source.js';

const names = {
  time: ['time', 'timestamp', 'datetime', 'ts'],
  symbol: ['symbol', 'ticker', 'code', 'instrument', 'instrument_id', 'sym'],
  price: ['price', 'last', 'last_price', 'px'],
  volume: ['volume', 'vol', 'size', 'qty', 'quantity', 'last_volume', 'last_size'],
  bid: ['bid', 'bid1', 'bid_price', 'bid_price1', 'bid_px'],
  ask: ['ask', 'ask1', 'ask_price', 'ask_price1', 'ask_px'],
  bidVolume: ['bid_vol1', 'bid_volume', 'bid_volume1', 'bid_size', 'bid_qty'],
  askVolume: ['ask_vol1', 'ask_volume', 'ask_volume1', 'ask_size', 'ask_qty'],
} as const;

type TickColumn = Exclude<keyof typeof names, 'time' | 'symbol'>;

const columns: readonly TickColumn[] = ['price', 'volume', 'bid', 'ask', 'bidVolume', 'askVolume'];

const schema = {
  name: 'ticks',
  columns: columns.map((name) => ({ name, type: 'f64' as const })),
};

function mapOf(beginning: FileBeginning): Record<string, string> {
  return Object.fromEntries(
    Object.entries(names).flatMap(([column, called]) => {
      const found = columnNamed(beginning, called);
      return found === undefined ? [] : [[column, found]];
    }),
  );
}

export const ticksFormat: FileFormat = {
  name: 'ticks',
  trades: false,
  book: false,
  matches: (beginning) => {
    const map = mapOf(beginning);
    return map['time'] !== undefined && map['price'] !== undefined;
  },
  open: async (beginning, options) => {
    const map = mapOf(beginning);
    const table = await openTable(
      { ...beginning, ...options },
      {
        schema,
        map,
        ...(map['symbol'] === undefined ? { set: { symbol: symbolOf(beginning, options) } } : {}),
        header: beginning.hasHeader,
        timeFormat: 'auto',
        ...(options.utcOffset === undefined ? {} : { utcOffset: options.utcOffset }),
      },
    );
    return new TableRecordSource(table, 1, (batch) => {
      const [price, volume, bid, ask, bidVolume, askVolume] = columns.map((name) =>
        realsOf(batch, name),
      ) as [Float64Array, Float64Array, Float64Array, Float64Array, Float64Array, Float64Array];
      // A column that the file lacks says nothing; one that it has is handed on as it is.
      const has = (name: TickColumn): boolean => map[name] !== undefined;
      const [hasVolume, hasBid, hasAsk] = [has('volume'), has('bid'), has('ask')];
      const [hasBidVolume, hasAskVolume] = [has('bidVolume'), has('askVolume')];
      return {
        emit: (record, rows) =>
          emitTick(
            rows,
            batch,
            record,
            price[record]!,
            hasVolume ? volume[record]! : 0,
            hasBid ? bid[record]! : 0,
            hasAsk ? ask[record]! : 0,
            hasBidVolume ? bidVolume[record]! : 0,
            hasAskVolume ? askVolume[record]! : 0,
          ),
      };
    });
  },
};
