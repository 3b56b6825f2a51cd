// What a run was worth: sums in exact money, ratios as float64 of it, both from the fills, the
// holdings and the samples of the account. docs/backtest.md says what each number is. Always: equal
// runs give equal bytes; what has no answer is null.

import {
  divideRound,
  moneyFromFloat,
  moneyScale,
  moneyText,
  moneyToFloat,
  nsBetween,
  nsPerMs,
  type Time,
  timeText,
} from '@ndts/protocol';
import type { BacktestHolding } from './account.js';
import type { Backtest } from './backtest.js';
import type { EquityCurve } from './equity-curve.js';

/** Money is decimal text. */
export interface Attribution {
  readonly profit: string;
  readonly realised: string;
  readonly unrealised: string;
  readonly fees: string;
  readonly borrow: string;
  readonly fills: number;
  readonly traded: string;
  readonly wins: number;
  readonly losses: number;
}

export interface SymbolAttribution extends Attribution {
  readonly strategy: string;
  readonly symbol: string;
  /** Held at the end. */
  readonly quantity: string;
}

export interface Statistics {
  readonly ticks: number;
  readonly firstTime: string | null;
  readonly lastTime: string | null;
  readonly orders: number;
  readonly openOrders: number;
  readonly refused: Readonly<Record<string, number>>;
  readonly marginCalls: number;
  readonly startEquity: string;
  readonly endEquity: string;
  readonly total: Attribution;
  readonly return: number;
  readonly maxDrawdown: string;
  readonly maxDrawdownShare: number;
  readonly longestDrawdownMs: number;
  readonly volatility: number | null;
  readonly sharpe: number | null;
  readonly sortino: number | null;
  readonly turnover: number | null;
  readonly averageExposure: number;
  readonly maxExposure: number;
  readonly timeInMarket: number;
  readonly winRate: number | null;
  readonly profitFactor: number | null;
  readonly bySymbol: readonly SymbolAttribution[];
}

const daysPerYear = 365;

/** Sums of holdings, scaled by 1e16. */
class Sum {
  #realised = 0n;
  #unrealised = 0n;
  #fees = 0n;
  #borrow = 0n;
  #traded = 0n;
  #fills = 0;
  wins = 0;
  losses = 0;
  won = 0n;
  lost = 0n;

  add(holding: BacktestHolding, last: number): void {
    const value = holding.quantity === 0n ? 0n : holding.quantity * moneyFromFloat(last);
    this.#realised += holding.realised;
    this.#unrealised += value - holding.cost;
    this.#fees += holding.fees;
    this.#borrow += holding.borrow;
    this.#traded += holding.traded;
    this.#fills += holding.fills;
    this.wins += holding.wins;
    this.losses += holding.losses;
    this.won += holding.won;
    this.lost += holding.lost;
  }

  get traded(): bigint {
    return divideRound(this.#traded, moneyScale);
  }

  attribution(): Attribution {
    const costs = (this.#fees + this.#borrow) * moneyScale;
    const text = (squared: bigint): string => moneyText(divideRound(squared, moneyScale));
    return {
      profit: text(this.#realised + this.#unrealised - costs),
      realised: text(this.#realised),
      unrealised: text(this.#unrealised),
      fees: moneyText(this.#fees),
      borrow: moneyText(this.#borrow),
      fills: this.#fills,
      traded: moneyText(this.traded),
      wins: this.wins,
      losses: this.losses,
    };
  }
}

interface Drawdown {
  readonly money: bigint;
  readonly share: number;
  readonly longestMs: number;
}

export function timeAt(curve: EquityCurve, at: number): Time {
  return { day: curve.day[at]!, nsOfDay: curve.nsOfDay[at]! };
}

function drawdownOf(curve: EquityCurve, start: bigint): Drawdown {
  let peak = start;
  let peakAt = 0;
  let money = 0n;
  let share = 0;
  let longestMs = 0;
  for (let at = 0; at < curve.count; at += 1) {
    const equity = curve.equity[at]!;
    if (equity >= peak) {
      peak = equity;
      peakAt = at;
      continue;
    }
    const fall = peak - equity;
    if (fall > money) money = fall;
    if (peak > 0n) share = Math.max(share, moneyToFloat(fall) / moneyToFloat(peak));
    const lasts = nsBetween(timeAt(curve, at), timeAt(curve, peakAt)) / nsPerMs;
    longestMs = Math.max(longestMs, lasts);
  }
  return { money, share, longestMs };
}

interface Ratios {
  readonly volatility: number | null;
  readonly sharpe: number | null;
  readonly sortino: number | null;
}

/** Of the changes from sample to sample, by the year of calendar days. */
function ratiosOf(curve: EquityCurve, start: bigint): Ratios {
  const none = { volatility: null, sharpe: null, sortino: null };
  const { count } = curve;
  if (count < 2) return none;
  const changes = new Float64Array(count);
  let before = moneyToFloat(start);
  for (let at = 0; at < count; at += 1) {
    const equity = moneyToFloat(curve.equity[at]!);
    if (!(before > 0)) return none; // nothing is left to have a return
    changes[at] = equity / before - 1;
    before = equity;
  }
  let sum = 0;
  for (const change of changes) sum += change;
  const mean = sum / count;
  let squares = 0;
  let below = 0;
  for (const change of changes) {
    squares += (change - mean) * (change - mean);
    if (change < 0) below += change * change;
  }
  const days = curve.day[count - 1]! - curve.day[0]! + 1;
  const perYear = Math.sqrt((count / days) * daysPerYear);
  const deviation = Math.sqrt(squares / (count - 1));
  const downside = Math.sqrt(below / count);
  return {
    volatility: deviation * perYear,
    sharpe: deviation > 0 ? (mean / deviation) * perYear : null,
    sortino: downside > 0 ? (mean / downside) * perYear : null,
  };
}

interface Exposure {
  readonly average: number;
  readonly max: number;
  readonly inMarket: number;
  readonly averageEquity: number;
}

function exposureOf(curve: EquityCurve): Exposure {
  let sum = 0;
  let max = 0;
  let held = 0;
  let equitySum = 0;
  for (let at = 0; at < curve.count; at += 1) {
    const equity = moneyToFloat(curve.equity[at]!);
    const gross = moneyToFloat(curve.gross[at]!);
    equitySum += equity;
    if (gross > 0) held += 1;
    if (!(equity > 0)) continue;
    sum += gross / equity;
    max = Math.max(max, gross / equity);
  }
  const count = Math.max(1, curve.count);
  return { average: sum / count, max, inMarket: held / count, averageEquity: equitySum / count };
}

function bySymbol(
  backtest: Backtest,
  names: ReadonlyMap<number, string>,
  strategyNames: readonly string[],
): SymbolAttribution[] {
  const rows: SymbolAttribution[] = [];
  for (const holding of backtest.account.holdings()) {
    const sum = new Sum();
    sum.add(holding, backtest.account.last(holding.symbol));
    rows.push({
      strategy: strategyNames[holding.strategy] ?? '',
      symbol: names.get(holding.symbol) ?? String(holding.symbol),
      quantity: moneyText(holding.quantity),
      ...sum.attribution(),
    });
  }
  return rows;
}

export interface RunSpan {
  readonly first: Time | undefined;
  readonly last: Time | undefined;
}

export function statisticsOf(
  backtest: Backtest,
  names: ReadonlyMap<number, string>,
  span: RunSpan,
): Statistics {
  const { account, curve, venue, participants, settings } = backtest;
  const start = backtest.startEquity;
  const end = divideRound(account.value().equity, moneyScale);
  const total = new Sum();
  for (const holding of account.holdings()) total.add(holding, account.last(holding.symbol));
  const drawdown = drawdownOf(curve, start);
  const exposure = exposureOf(curve);
  const closed = total.wins + total.losses;
  const { averageEquity } = exposure;
  return {
    ticks: backtest.ticks,
    firstTime: span.first === undefined ? null : timeText(span.first),
    lastTime: span.last === undefined ? null : timeText(span.last),
    orders: venue.orderCount,
    openOrders: venue.openCount,
    refused: Object.fromEntries([...venue.refused].toSorted(([a], [b]) => (a < b ? -1 : 1))),
    marginCalls: backtest.marginCalls,
    startEquity: settings.cash,
    endEquity: moneyText(end),
    total: total.attribution(),
    return: start > 0n ? moneyToFloat(end - start) / moneyToFloat(start) : 0,
    maxDrawdown: moneyText(drawdown.money),
    maxDrawdownShare: drawdown.share,
    longestDrawdownMs: drawdown.longestMs,
    ...ratiosOf(curve, start),
    turnover: averageEquity > 0 ? moneyToFloat(total.traded) / averageEquity : null,
    averageExposure: exposure.average,
    maxExposure: exposure.max,
    timeInMarket: exposure.inMarket,
    winRate: closed > 0 ? total.wins / closed : null,
    profitFactor: total.lost < 0n ? Number(total.won) / Number(-total.lost) : null,
    bySymbol: bySymbol(
      backtest,
      names,
      participants.map(({ strategy }) => strategy.name),
    ),
  };
}
