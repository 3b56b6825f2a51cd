// hot: no allocation after init
// The table of refused ticks, filled from what the cleaner hands out.

import type { TickBatch, Time } from '@ndts/protocol';
import type { TableBatch } from '@ndts/storage';
import { RejectRows, type RejectRowsOptions } from './reject-rows.js';
import { hasSamples, type RejectDatabase, rejectsTable } from './rejects-schema.js';

export interface RejectTableOptions extends RejectRowsOptions {
  readonly database: RejectRowsOptions['database'] & RejectDatabase;
}

export class RejectTable extends RejectRows {
  readonly #columns: RejectColumns;

  constructor(options: RejectTableOptions) {
    const { schema } = rejectsTable(options.database);
    super(options, schema);
    if (hasSamples(schema)) this.rows.nulls('sample')?.fill(1);
    this.#columns = columnsOf(this.rows);
  }

  /** Takes what the cleaner refused of a batch; the sequence of each is its place in that batch.
   * @param received when they came */
  note(rejects: TickBatch, source: string, isLive: boolean, received: Time): void {
    const columns = this.#columns;
    const origin = { source, isLive, received };
    this.begin();
    for (let from = 0; from < rejects.count; from += 1) {
      const reason = rejects.flags[from]!;
      const row = this.add(rejects.symbol[from]!, reason, rejects.sequence[from]!, origin);
      columns.tickDay[row] = rejects.day[from]!;
      columns.tickNs[row] = rejects.nsOfDay[from]!;
      columns.price[row] = rejects.price[from]!;
      columns.volume[row] = rejects.volume[from]!;
      columns.bid[row] = rejects.bid[from]!;
      columns.ask[row] = rejects.ask[from]!;
      columns.bidVolume[row] = rejects.bidVolume[from]!;
      columns.askVolume[row] = rejects.askVolume[from]!;
    }
  }
}

interface RejectColumns {
  readonly tickDay: Float64Array;
  readonly tickNs: Float64Array;
  readonly price: Float64Array;
  readonly volume: Float64Array;
  readonly bid: Float64Array;
  readonly ask: Float64Array;
  readonly bidVolume: Float64Array;
  readonly askVolume: Float64Array;
}

function columnsOf(rows: TableBatch): RejectColumns {
  return {
    tickDay: rows.doubles('tick_day'),
    tickNs: rows.doubles('tick_ns'),
    price: rows.doubles('price'),
    volume: rows.doubles('volume'),
    bid: rows.doubles('bid1'),
    ask: rows.doubles('ask1'),
    bidVolume: rows.doubles('bid_vol1'),
    askVolume: rows.doubles('ask_vol1'),
  };
}
