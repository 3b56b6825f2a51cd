// hot: no allocation after init, but for ids of trades that become texts
// The table of refused trades.

import { type TradeBatch, TradeFlags, tradeRejectsSchema } from '@ndts/protocol';
import { sideOfTrade } from '@ndts/storage';
import { type RejectOrigin, RejectRows, type RejectRowsOptions } from './reject-rows.js';

export class TradeRejects extends RejectRows {
  readonly #day = this.rows.doubles('trade_day');
  readonly #ns = this.rows.doubles('trade_ns');
  readonly #price = this.rows.doubles('price');
  readonly #volume = this.rows.doubles('volume');
  readonly #side = this.rows.column('side');
  readonly #isNull = this.rows.nulls('trade_id')!;

  /** @param table of trades */
  constructor(options: RejectRowsOptions, table: number) {
    super(options, tradeRejectsSchema, table);
  }

  /** Row `from` of a batch, which is its place in it. */
  take(batch: TradeBatch, from: number, reason: number, origin: RejectOrigin): void {
    const row = this.add(batch.symbol[from]!, reason, from, origin);
    const flags = batch.flags[from]!;
    this.#day[row] = batch.day[from]!;
    this.#ns[row] = batch.nsOfDay[from]!;
    this.#price[row] = batch.price[from]!;
    this.#volume[row] = batch.volume[from]!;
    this.#side[row] = sideOfTrade(flags);
    const hasId = (flags & TradeFlags.id) !== 0;
    this.#isNull[row] = hasId ? 0 : 1;
    if (hasId) this.rows.setText('trade_id', row, String(batch.tradeId[from]!));
  }
}
