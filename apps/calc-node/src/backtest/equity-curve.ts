// The account over time: a sample at every interval of event time in which there was a tick, and
// one at the end. Exact money, by column.

import { divideRound, moneyScale } from '@ndts/protocol';
import type { Valuation } from './account.js';

const startRows = 1024;

function grownFloats(from: Float64Array): Float64Array {
  const to = new Float64Array(from.length * 2);
  to.set(from);
  return to;
}

function grownMoney(from: BigInt64Array): BigInt64Array {
  const to = new BigInt64Array(from.length * 2);
  to.set(from);
  return to;
}

export class EquityCurve {
  count = 0;
  day: Float64Array = new Float64Array(startRows);
  nsOfDay: Float64Array = new Float64Array(startRows);
  equity: BigInt64Array = new BigInt64Array(startRows);
  gross: BigInt64Array = new BigInt64Array(startRows);
  net: BigInt64Array = new BigInt64Array(startRows);

  add(day: number, nsOfDay: number, valuation: Valuation): void {
    if (this.count === this.day.length) this.#grow();
    const at = this.count;
    this.count += 1;
    this.day[at] = day;
    this.nsOfDay[at] = nsOfDay;
    this.equity[at] = divideRound(valuation.equity, moneyScale);
    this.gross[at] = divideRound(valuation.gross, moneyScale);
    this.net[at] = divideRound(valuation.net, moneyScale);
  }

  #grow(): void {
    this.day = grownFloats(this.day);
    this.nsOfDay = grownFloats(this.nsOfDay);
    this.equity = grownMoney(this.equity);
    this.gross = grownMoney(this.gross);
    this.net = grownMoney(this.net);
  }
}
