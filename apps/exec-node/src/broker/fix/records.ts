// What the gateway must know after a restart: of each order what a cancel, a change or a question
// has to repeat, and of each execution what a bust takes back. Kept with the session's numbers, in
// the same write. What always holds: an order is recorded before it is sent, so an id that has no
// record was never sent.

import { type Fill, moneyText, NdtsError, type Time, type WorkingTerms } from '@ndts/protocol';
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
  /** What busts and corrections changed: the order keeps what it had. */
  corrected?: bigint;
  /** The last change that was asked for: what a report of it leaves out is as asked. */
  asked?: WorkingTerms | undefined;
  /** Of the last change; 0 for one without a time. */
  day: number;
}

const orderPrefix = 'order/';
const tradePrefix = 'trade/';
/** Of executions that were let go: whose they were. The order journal knows their ids for ever. */
const ownerPrefix = 'traded/';
/** Which report undid an execution. */
const undonePrefix = 'undone/';
const numberDigits = 12;
const daysKept = 7;
const pruneLimit = 64;
const moneyFields = new Set([
  ...['quantity', 'limitPrice', 'stopPrice', 'price', 'fee', 'corrected', 'cumQty'],
]);

/** What the order had executed with it; 0n: not told. */
type KeptTrade = Fill & { cumQty?: bigint };

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

  /** The order that works under this id of the venue; empty: none does. */
  idAt(venueOrderId: string): string {
    for (const [id, record] of this.#orders) if (record.venueOrderId === venueOrderId) return id;
    return '';
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
    if (found === undefined || clientOrderId === '') return found;
    return orderOf(found) === clientOrderId ? found : undefined;
  }

  trade(tradeId: string): Fill | undefined {
    const kept = this.#kept(tradeId);
    return kept === undefined ? undefined : fillOf(kept);
  }

  /** Returns it under the id it has here: some counterparties begin theirs again each day, and one
   * that an execution of another order has got already, or one of this order that came to another
   * `cumQty`, is told apart from that. Who does not say of which order it is means the one that has
   * it. */
  keepTrade(fill: Fill, cumQty = 0n): Fill {
    const known = this.#apart(fill, cumQty);
    if (this.#trades.has(known.tradeId)) return known;
    const key = tradeKey(this.#lastTrade + 1);
    this.#store.note(key, encode({ ...known, cumQty }));
    this.#index(key, known.tradeId);
    return known;
  }

  /** The report that undid an execution; undefined: it counts. */
  undoneBy(tradeId: string): string | undefined {
    return this.#text(undonePrefix + tradeId);
  }

  undo(tradeId: string, execId: string): void {
    this.#store.note(undonePrefix + tradeId, new TextEncoder().encode(execId));
  }

  addCorrected(clientOrderId: string, change: bigint): void {
    const record = this.order(clientOrderId);
    if (record === undefined) return;
    record.corrected = (record.corrected ?? 0n) + change;
    this.keep(clientOrderId, record);
  }

  /** In the order in which they came. */
  trades(afterTradeId: string | undefined): Fill[] {
    const number = afterTradeId === undefined ? undefined : this.#trades.get(afterTradeId);
    const after = number === undefined ? '' : tradeKey(number);
    return this.#store
      .notes(tradePrefix, after, Number.MAX_SAFE_INTEGER)
      .map(({ key, value }) => fillOf(decode<KeptTrade>(key, value)));
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
      const { time, tradeId, clientOrderId, cumQty = 0n } = decode<KeptTrade>(key, value);
      if (time.day >= now.day - daysKept) return;
      this.#store.note(key, undefined);
      const owner = new TextEncoder().encode(`${clientOrderId} ${cumQty}`);
      this.#store.note(ownerPrefix + tradeId, owner);
      if (this.undoneBy(tradeId) !== undefined) this.#store.note(undonePrefix + tradeId, undefined);
      this.#trades.delete(tradeId);
    }
  }

  #apart(fill: Fill, cumQty: bigint): Fill {
    const { tradeId, clientOrderId } = fill;
    const isOurs = this.order(orderOf(fill)) !== undefined;
    let id = tradeId;
    const [owner] = this.#ownerOf(id);
    if (isOurs && owner !== undefined && owner !== clientOrderId) id = apartId(id, clientOrderId);
    const [, before = 0n] = this.#ownerOf(id);
    if (isOurs && before > 0n && cumQty > 0n && before !== cumQty) id += `@${moneyText(cumQty)}`;
    return id === tradeId ? fill : { ...fill, tradeId: id };
  }

  /** Of which order it is, and what that had executed with it. */
  #ownerOf(tradeId: string): readonly [owner?: string | undefined, cumQty?: bigint | undefined] {
    const kept = this.#kept(tradeId);
    if (kept !== undefined) return [kept.clientOrderId, kept.cumQty];
    const [owner, cumQty] = this.#text(ownerPrefix + tradeId)?.split(' ') ?? [];
    return owner === undefined ? [] : [owner, BigInt(cumQty ?? 0)];
  }

  #kept(tradeId: string): KeptTrade | undefined {
    const number = this.#trades.get(tradeId);
    if (number === undefined) return undefined;
    const key = tradeKey(number);
    const value = this.#store.noted(key);
    return value === undefined ? undefined : decode<KeptTrade>(key, value);
  }

  #text(key: string): string | undefined {
    const bytes = this.#store.noted(key);
    return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
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
export function orderOf({ clientOrderId }: Fill): string {
  return clientOrderId.replace(/(?:\.bust|\.correct)+$/, '');
}

function fillOf(kept: KeptTrade): Fill {
  const fill: KeptTrade = { ...kept };
  delete fill.cumQty;
  return fill;
}

function tradeKey(number: number): string {
  return tradePrefix + String(number).padStart(numberDigits, '0');
}

function encode(record: OrderRecord | KeptTrade): Uint8Array {
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
