// The executions, by order and in their order, and the fills made of them. What always
// holds: an execution is one fill, once, under the id it had first, also when the venue corrects
// it; a fill is made when its commission is known, or when that was awaited long enough.

import { type Fill, moneyFromFloat, type Time } from '@ndts/protocol';
import type { CommissionReport, Execution } from '@stoqey/ib';

export interface KnownExecution {
  /** The venue's id without the number of its correction. */
  readonly tradeId: string;
  /** The whole id, of the newest correction. */
  readonly executionId: string;
  readonly clientOrderId: string;
  readonly symbol: number;
  readonly side: number;
  readonly quantity: bigint;
  readonly price: bigint;
  readonly time: Time;
  /** undefined: its commission was not told yet. */
  fee: bigint | undefined;
  /** Of the fee, and of the price; empty: not told. */
  feeCurrency: string;
  readonly currency: string;
  /** Until then its commission is awaited; by the monotonic clock. */
  readonly feeUntilNs: number;
}

/** What of: the symbol, and the currency of its price. */
export interface Traded {
  readonly symbol: number;
  readonly currency: string;
}

interface Fee {
  readonly fee: bigint;
  readonly feeCurrency: string;
}

const commissionMax = 9e9;
/** Others who trade in the account have commissions, too, whose executions are not noted. */
const earlyMax = 1000;

export type Noted = 'new' | 'known' | 'corrected';

export class Executions {
  readonly #venue: string;
  readonly #byTrade = new Map<string, KnownExecution>();
  readonly #filled = new Map<string, bigint>();
  /** Told before its execution. */
  readonly #earlyFees = new Map<string, Fee>();

  constructor(venue: string) {
    this.#venue = venue;
  }

  note(execution: Execution, { symbol, currency }: Traded, time: Time, feeUntilNs: number): Noted {
    const executionId = execution.execId ?? '';
    const tradeId = tradeIdOf(executionId);
    const before = this.#byTrade.get(tradeId);
    if (before?.executionId === executionId) return 'known';
    const clientOrderId = execution.orderRef ?? '';
    const quantity = moneyFromFloat(execution.shares ?? 0);
    this.#byTrade.set(tradeId, {
      ...{ tradeId, executionId, clientOrderId, symbol, quantity },
      feeUntilNs: before?.feeUntilNs ?? feeUntilNs,
      side: execution.side === 'BOT' ? 1 : -1,
      price: moneyFromFloat(execution.price ?? 0),
      time,
      currency,
      ...(this.#earlyFees.get(executionId) ?? {
        ...{ fee: before?.fee, feeCurrency: before?.feeCurrency ?? '' },
      }),
    });
    this.#earlyFees.delete(executionId);
    const filled = this.#filled.get(clientOrderId) ?? 0n;
    this.#filled.set(clientOrderId, filled + quantity - (before?.quantity ?? 0n));
    return before === undefined ? 'new' : 'corrected';
  }

  /** False: it tells none. */
  noteFee({ execId, commission = 0, currency: feeCurrency = '' }: CommissionReport): boolean {
    const executionId = execId ?? '';
    // The largest double: it is not told. Rebates are below 0.
    if (Math.abs(commission) > commissionMax) return false;
    const fee = moneyFromFloat(commission);
    const known = this.#byTrade.get(tradeIdOf(executionId));
    if (known !== undefined) {
      Object.assign(known, { fee, feeCurrency });
      return true;
    }
    this.#earlyFees.set(executionId, { fee, feeCurrency });
    const [oldest = ''] = this.#earlyFees.size > earlyMax ? this.#earlyFees.keys() : [];
    this.#earlyFees.delete(oldest);
    return true;
  }

  forget(clientOrderIds: readonly string[]): void {
    if (clientOrderIds.length === 0) return;
    const forgotten = new Set(clientOrderIds);
    for (const id of forgotten) this.#filled.delete(id);
    for (const { tradeId, clientOrderId } of this.#byTrade.values())
      if (forgotten.has(clientOrderId)) this.#byTrade.delete(tradeId);
  }

  get(executionId: string): KnownExecution | undefined {
    return this.#byTrade.get(tradeIdOf(executionId));
  }

  filled(clientOrderId: string): bigint {
    return this.#filled.get(clientOrderId) ?? 0n;
  }

  /** Oldest first; all when `afterTradeId` is not among them. undefined: a fee is awaited. */
  fills(afterTradeId: string | undefined, nowNs: number): Fill[] | undefined {
    const all = [...this.#byTrade.values()];
    const from = all.findIndex(({ tradeId }) => tradeId === afterTradeId) + 1;
    const asked = all.slice(from);
    const isAwaited = asked.some(({ fee, feeUntilNs }) => fee === undefined && nowNs < feeUntilNs);
    return isAwaited ? undefined : asked.map((one) => this.fillOf(one));
  }

  fillOf({
    tradeId,
    clientOrderId,
    symbol,
    side,
    quantity,
    price,
    time,
    fee,
    feeCurrency,
    currency,
  }: KnownExecution): Fill {
    const isOther = feeCurrency !== '' && currency !== '' && feeCurrency !== currency;
    return {
      ...{ venue: this.#venue, tradeId, clientOrderId, symbol, side, quantity, price },
      ...{ fee: fee ?? 0n, time },
      ...(isOther ? { feeCurrency } : {}),
    };
  }
}

/** Executions that are told once their commission is known, the oldest first. */
export class AwaitedFees {
  /** Since when, by the monotonic clock. */
  readonly #since = new Map<string, number>();

  add(executionId: string, sinceNs: number): void {
    this.#since.set(executionId, sinceNs);
  }

  /** False: it was not awaited. */
  take(executionId: string): boolean {
    return this.#since.delete(executionId);
  }

  /** Takes those that wait since before then. */
  takeBefore(latestNs: number): string[] {
    const all = [...this.#since].filter(([, sinceNs]) => sinceNs < latestNs).map(([id]) => id);
    for (const id of all) this.#since.delete(id);
    return all;
  }
}

/** `0001f4e8.57ad59bb.01.02` is the second version of `0001f4e8.57ad59bb.01`. */
function tradeIdOf(executionId: string): string {
  const dot = executionId.lastIndexOf('.');
  return dot > 0 ? executionId.slice(0, dot) : executionId;
}
