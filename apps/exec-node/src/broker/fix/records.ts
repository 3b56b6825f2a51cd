// What the gateway must know after a restart: of each order what a cancel, a change or a question
// has to repeat, and of each execution what a bust takes back. Kept with the session's numbers, in
// the same write. What always holds: an order is recorded before it is sent, so an id that has no
// record was never sent.

import { type Fill, NdtsError, type Time, type WorkingTerms } from '@ndts/protocol';
import type { FixStore } from '@ndts/runtime/fix';

export interface OrderRecord {
  readonly symbol: string;
  readonly side: number;
  readonly type: number;
  readonly account: string;
  quantity: bigint;
  limitPrice: bigint;
  stopPrice: bigint;
  readonly timeInForce: string;
  readonly expireTime?: Time;
  /** What the venue calls the order now. */
  venueClientId: string;
  venueOrderId: string;
  /** Cancels and changes that were asked for. */
  changes: number;
  isClosed: boolean;
  /** The last change that was asked for: what a report of it leaves out is as asked. */
  asked?: WorkingTerms | undefined;
  /** Of the last change; 0 for one without a time. */
  day: number;
}

const orderPrefix = 'order/';
const tradePrefix = 'trade/';
/** Of executions that were let go: whose they were. The order journal knows their ids for ever. */
const ownerPrefix = 'traded/';
const numberDigits = 12;
const daysKept = 7;
const pruneLimit = 64;
const moneyFields = new Set(['quantity', 'limitPrice', 'stopPrice', 'price', 'fee']);

export class FixRecords {
  readonly #store: FixStore;
  /** Orders that work, and those asked about of late. */
  readonly #orders = new Map<string, OrderRecord>();
  readonly #trades = new Map<string, number>();
  #lastTrade = 0;
  #cursor = '';

  constructor(store: FixStore) {
    this.#store = store;
    for (let after = ''; ; ) {
      const page = store.notes(tradePrefix, after, 1024);
      for (const { key, value } of page) this.#index(key, decode<Fill>(key, value).tradeId);
      const last = page.at(-1);
      if (last === undefined) return;
      after = last.key;
    }
  }

  order(id: string): OrderRecord | undefined {
    const known = this.#orders.get(id);
    if (known !== undefined) return known;
    const key = orderPrefix + id;
    const value = this.#store.noted(key);
    if (value === undefined) return undefined;
    const record = decode<OrderRecord>(key, value);
    if (!record.isClosed) this.#orders.set(id, record);
    return record;
  }

  keep(id: string, record: OrderRecord): void {
    this.#store.note(orderPrefix + id, encode(record));
    if (record.isClosed) this.#orders.delete(id);
    else this.#orders.set(id, record);
  }

  /** The execution of an order that the counterparty calls so; undefined: it is not known. */
  tradeOf(execId: string, clientOrderId: string): Fill | undefined {
    const apart = this.trade(apartId(execId, clientOrderId));
    if (apart !== undefined) return apart;
    const found = this.trade(execId);
    const isOfIt = clientOrderId === '' || orderOf(found) === clientOrderId;
    return isOfIt ? found : undefined;
  }

  trade(tradeId: string): Fill | undefined {
    const number = this.#trades.get(tradeId);
    if (number === undefined) return undefined;
    const key = tradeKey(number);
    const value = this.#store.noted(key);
    return value === undefined ? undefined : decode<Fill>(key, value);
  }

  /** Returns it under the id it has here: some counterparties begin theirs again each day, and one
   * that an execution of another order has got already is told apart from that. Who does not say
   * of which order it is means the one that has it. */
  keepTrade(fill: Fill): Fill {
    const { tradeId, clientOrderId } = fill;
    const owner = this.#ownerOf(tradeId);
    const isOurs = this.order(orderOf(fill) ?? '') !== undefined;
    const isOther = owner !== undefined && isOurs && owner !== clientOrderId;
    const known = isOther ? { ...fill, tradeId: apartId(tradeId, clientOrderId) } : fill;
    if (this.#trades.has(known.tradeId)) return known;
    const key = tradeKey(this.#lastTrade + 1);
    this.#store.note(key, encode(known));
    this.#index(key, known.tradeId);
    return known;
  }

  /** In the order in which they came. */
  trades(afterTradeId: string | undefined): Fill[] {
    const number = afterTradeId === undefined ? undefined : this.#trades.get(afterTradeId);
    const after = number === undefined ? '' : tradeKey(number);
    return this.#store
      .notes(tradePrefix, after, Number.MAX_SAFE_INTEGER)
      .map(({ key, value }) => decode<Fill>(key, value));
  }

  /** Lets a few old records go: closed orders and executions of more than a week ago. */
  prune(now: Time): void {
    const page = this.#store.notes(orderPrefix, this.#cursor, pruneLimit);
    for (const { key, value } of page) {
      const { isClosed, day } = decode<OrderRecord>(key, value);
      if (isClosed && day < now.day - daysKept) this.#store.note(key, undefined);
    }
    this.#cursor = page.length < pruneLimit ? '' : (page.at(-1)?.key ?? '');
    for (const { key, value } of this.#store.notes(tradePrefix, '', pruneLimit)) {
      const { time, tradeId, clientOrderId } = decode<Fill>(key, value);
      if (time.day >= now.day - daysKept) return;
      this.#store.note(key, undefined);
      this.#store.note(ownerPrefix + tradeId, new TextEncoder().encode(clientOrderId));
      this.#trades.delete(tradeId);
    }
  }

  #ownerOf(tradeId: string): string | undefined {
    const kept = this.trade(tradeId);
    if (kept !== undefined) return kept.clientOrderId;
    const owner = this.#store.noted(ownerPrefix + tradeId);
    return owner === undefined ? undefined : new TextDecoder().decode(owner);
  }

  #index(key: string, tradeId: string): void {
    this.#lastTrade = Number(key.slice(tradePrefix.length));
    this.#trades.set(tradeId, this.#lastTrade);
  }
}

function apartId(execId: string, clientOrderId: string): string {
  return `${execId}@${clientOrderId}`;
}

/** Also of what undid one of its executions. */
function orderOf(fill: Fill | undefined): string | undefined {
  return fill?.clientOrderId.replace(/(?:\.bust|\.correct)+$/, '');
}

function tradeKey(number: number): string {
  return tradePrefix + String(number).padStart(numberDigits, '0');
}

function encode(record: OrderRecord | Fill): Uint8Array {
  const text = JSON.stringify(record, (_, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  );
  return new TextEncoder().encode(text);
}

function decode<T extends OrderRecord | Fill>(key: string, bytes: Uint8Array): T {
  try {
    return JSON.parse(new TextDecoder().decode(bytes), (name, value: unknown) =>
      moneyFields.has(name) ? BigInt(value as string) : value,
    ) as T;
  } catch (error) {
    throw new NdtsError('CORRUPT', `${key}: expected a record of the FIX gateway`, {
      cause: error,
    });
  }
}
