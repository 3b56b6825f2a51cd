// Positions three times: of the whole node, of each strategy, of each account. What always holds:
// each execution counts once in each of the three, by the same arithmetic; quantities of strategies
// add up to those of the node, and so do those of accounts. Realised and unrealised PnL add up
// together: where strategies hold against each other, the node's average is another.

import type { Fill, FillInferred, InstrumentTerms, OrderIntent } from '@ndts/protocol';
import { personInstance } from '../order/order.js';
import { boundClosing, closeByPersons, takeFromPersons } from './closing.js';
import { OffsetBooks } from './offsets.js';
import type { Position } from './position.js';
import { Positions } from './positions.js';

/** Whose an execution is. */
type Owner = Pick<OrderIntent, 'instance' | 'account'>;
type Executed = Omit<Fill, 'tradeId'>;
type Told = Pick<Fill, 'price' | 'fee' | 'feeCurrency' | 'clientOrderId'>;

export class PositionBooks {
  readonly #instruments = new Map<number, InstrumentTerms>();
  #instrumentsVersion = 0;
  readonly #list: Positions[] = [];
  readonly all = this.#create();
  /** By account, where long and short are kept apart. */
  readonly offsets = new OffsetBooks(this.#instruments);
  readonly #strategies = new Map<number, Positions>();
  readonly #accounts = new Map<string, Positions>();

  strategy(instance: number): Positions | undefined {
    return this.#strategies.get(instance);
  }

  account(name: string): Positions | undefined {
    return this.#accounts.get(name);
  }

  strategies(): IterableIterator<[number, Positions]> {
    return this.#strategies.entries();
  }

  accounts(): IterableIterator<[string, Positions]> {
    return this.#accounts.entries();
  }

  instruments(): IterableIterator<InstrumentTerms> {
    return this.#instruments.values();
  }

  instrument(symbol: number): InstrumentTerms | undefined {
    return this.#instruments.get(symbol);
  }

  /** Grows with every declaration of an instrument. */
  get instrumentsVersion(): number {
    return this.#instrumentsVersion;
  }

  /** Of what comes after; a position keeps the currency it began with. */
  setInstrument(terms: InstrumentTerms): void {
    this.#instruments.set(terms.symbol, terms);
    this.#instrumentsVersion += 1;
    for (const book of this.#list) {
      const position = book.get(terms.symbol);
      if (position === undefined) continue;
      position.multiplier = BigInt(terms.multiplier);
      if (!position.wasTraded) position.currency = terms.currency;
    }
  }

  /** Something of the symbol is held, or may be by an open order. */
  isInUse(symbol: number): boolean {
    for (const [, position] of this.offsets.all())
      if (position.symbol === symbol && !position.isFlat) return true;
    return this.#list.some((book) => book.get(symbol)?.isInUse === true);
  }

  wasTraded(symbol: number): boolean {
    return this.#list.some((book) => book.get(symbol)?.wasTraded === true);
  }

  /** By the words of a snapshot. */
  ensure(scope: string, name: string): Positions {
    return scope === 'strategy' ? this.#strategy(Number(name)) : this.#account(name);
  }

  /** `intent`: of the order; undefined when it is no longer in memory: then it counts for
   * `account`, of the node. `offset`: an OrderOffset; 0: none. */
  execute(fill: Executed, intent: Owner | undefined, offset: number, account = ''): void {
    const { symbol, side, quantity, price, fee, feeCurrency } = fill;
    this.all.execute(symbol, side, quantity, price, fee, feeCurrency);
    const instance = intent?.instance ?? instanceIn(fill.clientOrderId);
    this.#strategy(instance).execute(symbol, side, quantity, price, fee, feeCurrency);
    // A journal of before the node told its account has none.
    const whose = intent?.account ?? (account === '' ? fill.venue : account);
    this.#account(whose).execute(symbol, side, quantity, price, fee, feeCurrency);
    this.offsets.execute(whose, fill, offset);
    const persons = this.#persons(symbol);
    if (persons === undefined) return;
    if (instance === personInstance)
      closeByPersons(persons, side, quantity, this.heldAgainst(symbol, side));
    this.#boundClosing(persons);
  }

  /** Of a symbol, by strategies on the other side. */
  heldAgainst(symbol: number, side: number): bigint {
    let held = 0n;
    for (const [instance, book] of this.#strategies) {
      if (instance === personInstance) continue;
      const quantity = (book.get(symbol)?.quantity ?? 0n) * -BigInt(side);
      if (quantity > 0n) held += quantity;
    }
    return held;
  }

  /** What persons have closed of that. */
  closedByPersons(symbol: number, side: number): bigint {
    const closed = (this.#persons(symbol)?.closing ?? 0n) * BigInt(side);
    return closed > 0n ? closed : 0n;
  }

  /** So much of an inferred execution was this one: it moves to the strategy of its order, and has
   * its price and fee. Quantities stay. */
  replace(
    inferred: FillInferred,
    quantity: bigint,
    { price, fee, feeCurrency, clientOrderId }: Told,
    intent: Owner | undefined,
  ): void {
    const { symbol, side } = inferred;
    const change = price - inferred.price;
    const [from, to] = [inferred.instance, intent?.instance ?? instanceIn(clientOrderId)];
    this.all.correct(symbol, side, quantity, change, fee, feeCurrency);
    // All orders of this node are of its account.
    this.#account(inferred.account).correct(symbol, side, quantity, change, fee, feeCurrency);
    if (from === to) {
      this.#strategy(to).correct(symbol, side, quantity, change, fee, feeCurrency);
      return;
    }
    this.#strategy(from).execute(symbol, -side, quantity, inferred.price, 0n);
    this.#strategy(to).execute(symbol, side, quantity, price, fee, feeCurrency);
    const persons = this.#persons(symbol);
    if (persons === undefined) return;
    if (from === personInstance) takeFromPersons(persons, side, quantity);
    this.#boundClosing(persons);
  }

  #persons(symbol: number): Position | undefined {
    return this.#strategies.get(personInstance)?.get(symbol);
  }

  #boundClosing(persons: Position): void {
    if (persons.closing === 0n) return;
    const { symbol } = persons;
    boundClosing(persons, this.heldAgainst(symbol, -1), this.heldAgainst(symbol, 1));
  }

  /** Nothing is open and all is closed: what strategies still hold, by executions of others that
   * closed it, goes to persons at these prices. Quantities and money of the node stay. */
  handOver(prices: ReadonlyMap<number, bigint>): void {
    const persons = this.#strategy(personInstance);
    for (const [instance, book] of this.#byInstance())
      for (const { symbol, quantity } of instance === personInstance ? [] : book.all()) {
        const price = prices.get(symbol);
        if (quantity === 0n || price === undefined) continue;
        const [side, size] = quantity > 0n ? [1, quantity] : [-1, -quantity];
        book.execute(symbol, -side, size, price, 0n);
        persons.execute(symbol, side, size, price, 0n);
      }
    for (const position of persons.all()) this.#boundClosing(position);
  }

  /** Symbols that strategies hold something of. */
  heldByStrategies(): ReadonlySet<number> {
    const held = new Set<number>();
    for (const [instance, book] of this.#strategies)
      for (const { symbol, quantity } of instance === personInstance ? [] : book.all())
        if (quantity !== 0n) held.add(symbol);
    return held;
  }

  #byInstance(): [number, Positions][] {
    return [...this.#strategies].sort(([a], [b]) => a - b);
  }

  /** A day of the account begins, with what is held worth these prices. */
  beginDay(prices: ReadonlyMap<number, bigint>): void {
    for (const book of this.#list) book.beginDay(prices);
  }

  /** Symbols that anybody holds something of, also where all of it comes to nothing. */
  held(): ReadonlySet<number> {
    const held = new Set<number>();
    for (const book of this.#list)
      for (const { symbol, quantity } of book.all()) if (quantity !== 0n) held.add(symbol);
    return held;
  }

  /** As the last execution or mark of it has it; 0n: there was none. */
  markOf(symbol: number): bigint {
    for (const book of this.#list) {
      const price = book.get(symbol)?.markPrice ?? 0n;
      if (price > 0n) return price;
    }
    return 0n;
  }

  /** The open quantity of orders changed. */
  expose(intent: OrderIntent, side: number, change: bigint): void {
    const { symbol } = intent;
    addOpen(this.all, symbol, side, change);
    addOpen(this.#strategy(intent.instance), symbol, side, change);
    addOpen(this.#account(intent.account), symbol, side, change);
  }

  touch(symbol: number): void {
    for (const book of this.#list) book.touch(symbol);
  }

  #strategy(instance: number): Positions {
    let book = this.#strategies.get(instance);
    if (book === undefined) {
      book = this.#create();
      this.#strategies.set(instance, book);
    }
    return book;
  }

  #account(name: string): Positions {
    let book = this.#accounts.get(name);
    if (book === undefined) {
      book = this.#create();
      this.#accounts.set(name, book);
    }
    return book;
  }

  #create(): Positions {
    const book = new Positions(this.#instruments);
    this.#list.push(book);
    return book;
  }
}

function addOpen(book: Positions, symbol: number, side: number, change: bigint): void {
  const position = book.ensure(symbol);
  if (side > 0) position.openBuy += change;
  else position.openSell += change;
}

/** Client order ids begin with the instance. */
function instanceIn(clientOrderId: string): number {
  return Number(/^\d+/.exec(clientOrderId)?.[0] ?? 0);
}
