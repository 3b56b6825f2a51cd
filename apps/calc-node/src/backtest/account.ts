// hot: no allocation after init
// The money of a backtest: cash, what each strategy holds, its value at the last prices, and the
// rules of margin. Always: cash, fees and what is realised are exact; the running value of what is
// held is a float64 that is set right at every sample and never decides what is close (`refusal`).

import { divideRound, Holding, moneyFromFloat, moneyScale, parseMoney } from '@ndts/protocol';
import type { SimulatedOrder } from './order.js';
import { type BacktestSettings, rateOfBps, rateOfFraction } from './settings.js';

/** What one strategy holds of one symbol, and what it did with it. */
export class BacktestHolding extends Holding {
  readonly strategy: number;
  borrow = 0n;
  fills = 0;
  /** Sum of quantity times price, scaled by 1e16. */
  traded = 0n;
  /** Fills that closed something: with a gain, with a loss, and the sums of both (1e16). */
  wins = 0;
  losses = 0;
  won = 0n;
  lost = 0n;

  constructor(strategy: number, symbol: number) {
    super(symbol);
    this.strategy = strategy;
  }

  /** `value`: quantity times price. */
  note(value: bigint, realised: bigint): void {
    this.fills += 1;
    this.traded += value;
    if (realised > 0n) {
      this.wins += 1;
      this.won += realised;
    } else if (realised < 0n) {
      this.losses += 1;
      this.lost += realised;
    }
  }
}

/** What was filled of an order, and at what. */
export interface Fill {
  readonly quantity: bigint;
  readonly price: bigint;
  /** Quantity times price. */
  readonly value: bigint;
  readonly fee: bigint;
}

export type Refusal = 'NO_SHORTING' | 'REDUCE_ONLY' | 'MARGIN' | 'MARGIN_CALL' | 'NO_MARKET';

/** Everything scaled by 1e16. */
export interface Valuation {
  equity: bigint;
  /** Value of all that is held, shorts counted like longs, and with their sign. */
  gross: bigint;
  net: bigint;
}

const scale = 1e8;
const squaredScale = 1e16;
const daysPerYear = 365n;
/** Where float64 might be wrong, exact numbers decide. */
const closeBy = 1e-6;

function size(value: bigint): bigint {
  return value < 0n ? -value : value;
}

/** By how much what is held will have grown, of either sign, when all of an order is filled and
 * those that work on its side already, scaled by 1e16 and without what is reserved for those. */
function addedBy(
  { side, quantity }: SimulatedOrder,
  held: bigint,
  price: bigint,
  working: WorkingOrders,
): bigint {
  if (held === 0n || held > 0n === side > 0) return quantity * price;
  // What those close as long as they work is not there to be closed by this one.
  const grown = working.quantity + quantity - 2n * size(held);
  return grown > 0n ? grown * price - working.reserved : 0n;
}

/** Orders of a strategy that work already, on one side of a symbol. */
export interface WorkingOrders {
  /** What is open of them. */
  quantity: bigint;
  /** For what they may add, scaled by 1e16. */
  reserved: bigint;
}

export class Account {
  readonly #initialRate: bigint;
  readonly #initial: number;
  readonly #maintenanceRate: bigint;
  readonly #borrowRate: bigint;
  readonly #shorting: boolean;
  readonly #holdings: (BacktestHolding | undefined)[][];
  readonly #held = new Set<BacktestHolding>();
  /** By symbol: last price, and quantity in units over all strategies, with and without sign. */
  readonly #last: Float64Array;
  readonly #net: Float64Array;
  readonly #gross: Float64Array;
  /** Scaled by 1e16. */
  #cash: bigint;
  #reserved = 0n;
  #equityNow: number;
  #grossNow = 0;
  #valuation: Valuation;
  /** After a margin call, until everything is closed. */
  isClosing = false;

  constructor(settings: BacktestSettings, strategies: number, symbolCount: number) {
    this.#initialRate = rateOfFraction(settings.initialMargin);
    this.#initial = settings.initialMargin;
    this.#maintenanceRate = rateOfFraction(settings.maintenanceMargin);
    this.#borrowRate = rateOfBps(settings.borrowBps);
    this.#shorting = settings.shorting;
    this.#holdings = Array.from({ length: strategies }, () => Array.from({ length: symbolCount }));
    this.#last = new Float64Array(symbolCount).fill(Number.NaN);
    this.#net = new Float64Array(symbolCount);
    this.#gross = new Float64Array(symbolCount);
    this.#cash = parseMoney(settings.cash) * moneyScale;
    this.#equityNow = Number(this.#cash) / squaredScale;
    this.#valuation = { equity: this.#cash, gross: 0n, net: 0n };
  }

  /** The last price of a symbol; NaN: none yet. */
  last(symbol: number): number {
    return this.#last[symbol] ?? Number.NaN;
  }

  /** What each strategy ever held, by strategy, then symbol. */
  *holdings(): Generator<BacktestHolding> {
    for (const bySymbol of this.#holdings)
      for (const holding of bySymbol) if (holding !== undefined) yield holding;
  }

  open(): BacktestHolding[] {
    return [...this.#held];
  }

  /** A new price of a symbol. */
  mark(symbol: number, price: number): void {
    if (!(price > 0)) return;
    const held = this.#gross[symbol]!;
    if (held !== 0) {
      const move = price - this.#last[symbol]!;
      this.#equityNow += this.#net[symbol]! * move;
      this.#grossNow += held * move;
    }
    this.#last[symbol] = price;
  }

  /** Why an order is not taken; undefined: it is, and what it may add is reserved. `working`: those
   * of its strategy on its side of its symbol. */
  refusal(order: SimulatedOrder, working: WorkingOrders): Refusal | undefined {
    if (order.isForced) return undefined;
    if (this.isClosing) return 'MARGIN_CALL';
    const before = this.#holdings[order.strategy]?.[order.symbol]?.quantity ?? 0n;
    if (!this.#shorting && order.side < 0 && before - order.quantity < working.quantity)
      return 'NO_SHORTING';
    if (order.terms?.isReduceOnly === true && !this.reduces(order, working.quantity))
      return 'REDUCE_ONLY';
    if (this.#initialRate === 0n) return undefined;
    const last = this.last(order.symbol);
    const asked = order.limitPrice > 0n ? order.limitPrice : (order.terms?.stopPrice ?? 0n);
    const price = asked > 0n ? asked : last > 0 ? moneyFromFloat(last) : 0n;
    if (price === 0n) return 'NO_MARKET';
    const value = addedBy(order, before, price, working);
    if (value <= 0n) return undefined;
    if (!this.#affords(value)) return 'MARGIN';
    order.reserved = value;
    this.#reserved += value;
    return undefined;
  }

  /** What is open of an order, and so much before it, neither opens nor turns a position. */
  reduces(order: SimulatedOrder, openBefore: bigint): boolean {
    const held = this.#holdings[order.strategy]?.[order.symbol]?.quantity ?? 0n;
    const asked = order.open + openBefore;
    return order.side > 0 ? held + asked <= 0n : held - asked >= 0n;
  }

  /** What a fill used up of what was reserved, or all of it when the order ends. */
  release(order: SimulatedOrder, filled: bigint): void {
    if (order.reserved === 0n) return;
    if (filled === order.open) {
      this.#reserved -= order.reserved;
      order.reserved = 0n;
      return;
    }
    const part = divideRound(order.reserved * filled, order.open);
    order.reserved -= part;
    this.#reserved -= part;
  }

  /** `value`: quantity times price. Returns what the fill realised, scaled by 1e16. */
  execute(order: SimulatedOrder, fill: Fill): bigint {
    const { strategy, symbol, side } = order;
    const { quantity, price, value, fee } = fill;
    const holding = this.#ensure(strategy, symbol);
    const wasHeld = holding.quantity !== 0n;
    const realised = holding.execute(side, quantity, price, fee);
    const received = side > 0 ? -value : value;
    holding.note(value, realised);
    this.#cash += received;
    if (fee !== 0n) this.#cash -= fee * moneyScale;
    if (holding.quantity === 0n) this.#held.delete(holding);
    else if (!wasHeld) this.#held.add(holding);
    const last = this.#last[symbol]!;
    const [netBefore, grossBefore] = [this.#net[symbol]!, this.#gross[symbol]!];
    this.#recount(symbol, holding);
    const moved = (this.#net[symbol]! - netBefore) * last;
    this.#equityNow += moved + (Number(received) / scale - Number(fee)) / scale;
    this.#grossNow += (this.#gross[symbol]! - grossBefore) * last;
    if (this.#held.size === 0) this.isClosing = false;
    return realised;
  }

  /** Interest of a number of days on what is short, at the last prices. */
  chargeBorrow(days: number): void {
    if (this.#borrowRate === 0n) return;
    for (const holding of this.#held) {
      if (holding.quantity >= 0n) continue;
      const value = -holding.quantity * moneyFromFloat(this.last(holding.symbol));
      const yearly = value * this.#borrowRate * BigInt(days);
      const fee = divideRound(yearly, daysPerYear * moneyScale * moneyScale);
      holding.borrow += fee;
      this.#cash -= fee * moneyScale;
    }
  }

  /** Exact, at the last prices; sets the running values right. It is written again by the next. */
  value(): Valuation {
    const valuation = this.#valuation;
    valuation.equity = this.#cash;
    valuation.gross = 0n;
    valuation.net = 0n;
    for (const holding of this.#held) {
      const value = holding.quantity * moneyFromFloat(this.last(holding.symbol));
      valuation.net += value;
      valuation.gross += size(value);
    }
    valuation.equity += valuation.net;
    this.#equityNow = Number(valuation.equity) / squaredScale;
    this.#grossNow = Number(valuation.gross) / squaredScale;
    return valuation;
  }

  /** Whether what is held asks for more equity than there is. */
  isCalled({ equity, gross }: Valuation): boolean {
    return gross > 0n && equity * moneyScale < gross * this.#maintenanceRate;
  }

  #affords(value: bigint): boolean {
    const reserved = this.#reserved === 0n ? value : this.#reserved + value;
    const asked = this.#grossNow + Number(reserved) / squaredScale;
    const spare = this.#equityNow - this.#initial * asked;
    const doubt = closeBy * (Math.abs(this.#equityNow) + asked + 1);
    if (spare > doubt) return true;
    if (spare < -doubt) return false;
    const { equity, gross } = this.value();
    return equity * moneyScale >= (gross + reserved) * this.#initialRate;
  }

  #ensure(strategy: number, symbol: number): BacktestHolding {
    const bySymbol = this.#holdings[strategy]!;
    let holding = bySymbol[symbol];
    if (holding === undefined) {
      holding = new BacktestHolding(strategy, symbol);
      bySymbol[symbol] = holding;
    }
    return holding;
  }

  #recount(symbol: number, changed: BacktestHolding): void {
    if (this.#holdings.length === 1) {
      const net = Number(changed.quantity) / scale;
      this.#net[symbol] = net;
      this.#gross[symbol] = Math.abs(net);
      return;
    }
    let net = 0n;
    let gross = 0n;
    for (const bySymbol of this.#holdings) {
      const quantity = bySymbol[symbol]?.quantity ?? 0n;
      net += quantity;
      gross += size(quantity);
    }
    this.#net[symbol] = Number(net) / scale;
    this.#gross[symbol] = Number(gross) / scale;
  }
}
