// Positions as CTP tells them: a row for each side, and for each day where the exchange keeps days
// apart. What always holds: what is of before today is the position less that of today; the field
// for yesterday says what the day began with, not what is left of it.

import { type BrokerPosition, divideRound, moneyFromFloat, type SidesHeld } from '@ndts/protocol';
import type { Logger } from '@ndts/runtime';
import { isCtpAmount } from '@ndts/runtime/ctp';
import type { CtpInstrument } from './settings.js';
import type { CtpPosition } from './trader.js';

interface Sum {
  today: number;
  before: number;
  cost: number;
}

const scale = 100_000_000n;

export class CtpHeld {
  readonly #instruments: ReadonlyMap<number, CtpInstrument>;
  readonly #symbols: ReadonlyMap<string, number>;
  readonly #logger: Logger;
  readonly #sums = new Map<number, { long: Sum; short: Sum }>();

  constructor(instruments: ReadonlyMap<number, CtpInstrument>, logger: Logger) {
    this.#instruments = instruments;
    this.#symbols = new Map([...instruments].map(([symbol, one]) => [one.instrumentId, symbol]));
    this.#logger = logger;
  }

  clear(): void {
    this.#sums.clear();
  }

  add(row: CtpPosition): void {
    const symbol = this.#symbols.get(row.instrumentId.trim());
    if (symbol === undefined) {
      if (row.position !== 0)
        this.#logger.warn({ instrument: row.instrumentId }, 'position in what nobody listed');
      return;
    }
    const empty = (): Sum => ({ today: 0, before: 0, cost: 0 });
    const sums = this.#sums.get(symbol) ?? { long: empty(), short: empty() };
    this.#sums.set(symbol, sums);
    const sum = row.posiDirection === '3' ? sums.short : sums.long;
    sum.today += row.todayPosition;
    sum.before += row.position - row.todayPosition;
    sum.cost += isCtpAmount(row.openCost) ? row.openCost : 0;
  }

  positions(): BrokerPosition[] {
    return [...this.#sums].map(([symbol, { long, short }]) => {
      const lots = long.today + long.before - short.today - short.before;
      const multiplier = this.#instruments.get(symbol)?.multiplier ?? 1;
      const sides: SidesHeld = {
        ...{ longToday: quantity(long.today), longYesterday: quantity(long.before) },
        ...{ shortToday: quantity(short.today), shortYesterday: quantity(short.before) },
      };
      const cost = moneyFromFloat((long.cost - short.cost) / multiplier);
      // Of long and short together there is no average that an order of executions would give.
      const isBoth = long.today + long.before > 0 && short.today + short.before > 0;
      const averagePrice = lots === 0 || isBoth ? 0n : divideRound(cost, BigInt(lots));
      return { symbol, quantity: quantity(lots), averagePrice, sides };
    });
  }
}

function quantity(lots: number): bigint {
  return BigInt(lots) * scale;
}
