// A broker behind a FIX 4.4 session. What always holds: an order is recorded and its message kept
// before it is sent, once and under its own id; what was not sent because there was no session is
// refused, definitely; what was sent and not answered is asked for. Answers are told in doWork();
// the number up to which messages were received moves only after what they told was journaled.

import {
  type BrokerAbilities,
  type BrokerCard,
  type BrokerListener,
  type BrokerOrderStatus,
  type BrokerPosition,
  errorLine,
  type Fill,
  NdtsError,
  nsBetween,
  nsPerMs,
  type OrderIntent,
  OrderState,
  type OrderTerms,
  OrderType,
  plainTerms,
  type Time,
  TimeInForce,
} from '@ndts/protocol';
import {
  type FixApplication,
  type FixBody,
  fixDayText,
  FixInitiator,
  type FixMessage,
  FixSession,
  FixStream,
  MessageType,
  Tag,
} from '@ndts/runtime/fix';
import { isFinal } from '../../order/transitions.js';
import { tellDue } from '../due.js';
import { askEach, type OrderStatuses } from '../ask-orders.js';
import type { Gateway } from '../gateway.js';
import { positionSums } from '../position-sums.js';
import { changedOrder, FixOutcomes } from './outcomes.js';
import { FixQueries } from './queries.js';
import { FixRecords, type OrderRecord } from './records.js';
import { orderIdOf, sideLetter, venueIdOf } from './reports.js';
import type { FixBrokerOptions } from './settings.js';

/** What an order is to become; what is 0 stays. */
export interface FixChange {
  readonly clientOrderId: string;
  /** With what is filled. */
  readonly quantity: bigint;
  readonly limitPrice: bigint;
  readonly stopPrice: bigint;
}

const pollMs = 5;
const lossCycles = 2;
const pruneIntervalNs = 1e9;
const newestMax = 10_000;

export class FixBroker implements Gateway {
  readonly session: FixSession;
  readonly #options: FixBrokerOptions;
  readonly #initiator: FixInitiator;
  readonly #records: FixRecords;
  readonly #queries: FixQueries;
  readonly #outcomes: FixOutcomes;
  readonly #sentReader = new FixStream(Number.MAX_SAFE_INTEGER);
  #listener: BrokerListener | undefined;
  /** The session ended, or began its numbers again: for how many more duty cycles connected()
   * says so, that nobody who asks once per cycle misses it. */
  #lossCycles = 0;
  #pruneAtNs = 0;
  /** Who began its numbers again asks for all of ours, also for what it has and answered under
   * numbers that are lost: of those below this one nothing is sent again. A cancel that is wanted
   * still is asked for anew. */
  #lostBelow = 0;
  /** Of the newest that were to be canceled: lost on the way, they are not sent again. */
  readonly #unwanted = new Set<string>();
  /** Of the newest that were sent again. */
  readonly #resent = new Set<string>();

  constructor(options: FixBrokerOptions) {
    const { settings, keyValue, clock, random, logger } = options;
    this.#options = options;
    this.session = new FixSession({
      settings: { ...settings, role: 'initiator', beginString: 'FIX.4.4' },
      ...{ keyValue, name: settings.name, clock, logger, application: this.#application() },
    });
    const { host, port, tls, schedule, backOff } = settings;
    this.#initiator = new FixInitiator({
      ...{ session: this.session, host, port, tls, schedule, clock, random, logger, backOff },
    });
    this.#records = new FixRecords(this.session.store);
    this.#queries = new FixQueries(clock, settings.queryTimeoutMs);
    this.#outcomes = new FixOutcomes({
      ...{ venue: settings.name, records: this.#records, queries: this.#queries },
      ...{ symbols: options.symbols, clock, logger },
      askStatus: (id) => this.#askStatus(id, ''),
      sent: (number) => this.#sent(number),
      isResent: (id) => this.#resent.has(id),
      missed: (why) => this.#missed(why),
    });
  }

  get card(): BrokerCard {
    const { name, deduplicates, inFlightMs, resendOrdersMs, tellsPositions } =
      this.#options.settings;
    return {
      ...{ name, deduplicates, exclusiveSession: true, tellsPositions },
      inFlightMs: inFlightMs + resendOrdersMs,
      can: abilities,
    };
  }

  /** Begins to connect, and waits until the session stands or time is over; it goes on trying. */
  async connect(listener: BrokerListener): Promise<void> {
    const { clock, settings } = this.#options;
    this.#listener = listener;
    this.#initiator.start();
    const deadlineNs = clock.monotonicNs() + settings.connectTimeoutMs * nsPerMs;
    while (!this.session.isSynchronised) {
      if (clock.monotonicNs() >= deadlineNs)
        throw new NdtsError('UNAVAILABLE', `${settings.name}: no FIX session yet`);
      await new Promise<void>((resolve) => {
        clock.setTimer(pollMs, resolve);
      });
    }
    this.#lossCycles = 0;
  }

  connected(): boolean {
    return this.#lossCycles === 0 && this.session.isSynchronised;
  }

  submit(intent: OrderIntent, asked: OrderTerms = plainTerms): void {
    const { clientOrderId: id } = intent;
    const symbol = this.#options.symbols.nameOf(intent.symbol);
    const venueId = venueIdOf(id);
    if (this.#records.order(id) !== undefined) {
      this.#options.logger.error({ clientOrderId: id }, 'an order was handed over twice');
      this.#askStatus(id, '');
    } else if (symbol === undefined || venueId === undefined)
      this.#refuse(id, symbol === undefined ? 'the venue has no such symbol' : 'no id for FIX');
    else if (!this.connected())
      this.#outcomes.tellNotSent(id, 'not sent: there is no FIX session, or it was not asked yet');
    else this.#sendOrder(intent, asked, symbol, venueId);
  }

  cancel(clientOrderId: string): void {
    addNewest(this.#unwanted, clientOrderId);
    this.#change(clientOrderId, MessageType.orderCancelRequest, (record) => (writer) => {
      writer.money(Tag.orderQty, record.quantity);
    });
  }

  replace(change: FixChange): void {
    const { quantity, limitPrice, stopPrice } = change;
    const type = MessageType.orderCancelReplaceRequest;
    this.#change(change.clientOrderId, type, (record) => {
      const wanted = {
        ...record,
        ...{ quantity, limitPrice: limitPrice > 0n ? limitPrice : record.limitPrice },
        stopPrice: stopPrice > 0n ? stopPrice : record.stopPrice,
      };
      record.asked = { quantity, limitPrice: wanted.limitPrice, stopPrice: wanted.stopPrice };
      return (writer) => terms(wanted)(writer);
    });
  }

  async queryOrder(clientOrderId: string): Promise<BrokerOrderStatus | undefined> {
    const ask = (id: string): void => this.#askStatus(clientOrderId, id);
    const [status] = await this.#ask<BrokerOrderStatus>('O', ask, clientOrderId);
    return status;
  }

  /** Who tells ended orders in a mass status tells them at once; the others are asked for. */
  async queryOrders(ids: readonly string[]): Promise<OrderStatuses> {
    const listed = ids.length > 1 ? await this.#massStatus() : [];
    const told = new Map(listed.map((status) => [status.clientOrderId, status]));
    return askEach(ids, async (id) => told.get(id) ?? (await this.queryOrder(id)));
  }

  async queryOpenOrders(): Promise<BrokerOrderStatus[]> {
    return (await this.#massStatus()).filter(({ state }) => !isFinal(state));
  }

  #massStatus(): Promise<BrokerOrderStatus[]> {
    this.#outcomes.listAnew();
    return this.#ask<BrokerOrderStatus>('M', (id) =>
      this.session.send(MessageType.orderMassStatusRequest, (writer) => {
        writer.text(Tag.massStatusReqId, id);
        writer.text(Tag.massStatusReqType, '7');
      }),
    );
  }

  async queryFills(afterTradeId?: string): Promise<Fill[]> {
    const { settings, clock } = this.#options;
    if (!settings.tellsTrades) {
      if (!this.session.isSynchronised) throw this.#unavailable();
      return this.#records.trades(afterTradeId);
    }
    const after = afterTradeId === undefined ? undefined : this.#records.trade(afterTradeId);
    const all = await this.#ask<Fill>('T', (id) =>
      this.session.send(MessageType.tradeCaptureReportRequest, (writer) => {
        writer.text(Tag.tradeRequestId, id);
        writer.text(Tag.tradeRequestType, '0');
        writer.text(Tag.subscriptionRequestType, '0');
        if (after === undefined) return;
        // Trading days begin before those of UTC, or end behind them.
        writer.whole(Tag.dateCount, 2);
        writer.text(Tag.tradeDate, fixDayText(after.time.day - 1));
        writer.text(Tag.tradeDate, fixDayText(clock.now().day + 1));
      }),
    );
    const at = all.findIndex(({ tradeId }) => tradeId === afterTradeId);
    return all.slice(at + 1);
  }

  async queryPositions(): Promise<BrokerPosition[]> {
    const { settings, clock } = this.#options;
    if (!settings.tellsPositions) throw this.#unavailable('it does not tell positions');
    const told = await this.#ask<BrokerPosition>('P', (id) => {
      const now = clock.now();
      this.session.send(MessageType.requestForPositions, (writer) => {
        writer.text(Tag.posReqId, id);
        writer.text(Tag.posReqType, '0');
        if (settings.account !== '') writeAccount(writer, settings.account);
        writer.text(Tag.clearingBusinessDate, fixDayText(now.day));
        writer.time(Tag.transactTime, now);
      });
    });
    // Of each account or party of the session.
    return positionSums(told);
  }

  doWork(): number {
    const { session } = this;
    // What was told at the last cycle is in the journal by now.
    session.taken();
    const told = tellDue(this.#outcomes.told, this.#listener);
    if (this.#listener !== undefined) session.mark();
    session.flush();
    if (this.#lossCycles > 0 && session.isSynchronised) this.#lossCycles -= 1;
    if (told === 0) this.#prune();
    return told;
  }

  async disconnect(): Promise<void> {
    await this.#initiator.stop();
    this.#queries.failAll('the node stops');
    this.#listener = undefined;
  }

  /** Ends the connection as a crash does. */
  kill(): void {
    this.#initiator.kill();
  }

  #application(): FixApplication {
    const { settings, clock, logger } = this.#options;
    return {
      onLogon: (reset) => {
        this.#lossCycles = lossCycles;
        if (!reset) return;
        logger.warn('the counterparty began its numbers again: all is asked for');
        this.#queries.failAll('the counterparty began its numbers again');
        this.#lostBelow = this.session.store.outgoing;
      },
      onLogout: (reason) => {
        this.#lossCycles = lossCycles;
        this.#queries.failAll(reason);
      },
      onMissed: (why) => this.#missed(why),
      onMessage: (message) => this.#outcomes.take(message),
      isWanted: (message, sentAt) => {
        const { type } = message;
        if (message.whole(Tag.msgSeqNum) < this.#lostBelow) return false;
        if (type === MessageType.orderCancelRequest) return true;
        const isOrder =
          type === MessageType.newOrderSingle || type === MessageType.orderCancelReplaceRequest;
        const id = orderIdOf(message.text(Tag.clOrdId));
        if (isOrder && this.#unwanted.has(id)) return false;
        if (type === MessageType.newOrderSingle && this.#isAnswered(id)) return false;
        const ageNs = sentAt === undefined ? Infinity : nsBetween(clock.now(), sentAt);
        // A clock that was set back says nothing about the age.
        const isYoung = ageNs >= 0 && ageNs < settings.resendOrdersMs * nsPerMs;
        if (isOrder && isYoung) addNewest(this.#resent, id);
        return isOrder && isYoung;
      },
    };
  }

  /** Something was told, or answered, that nobody here knows: no order leaves before everything was
   * asked for. */
  #missed(why: string): void {
    this.#lossCycles = lossCycles;
    this.#queries.failAll(why);
  }

  /** Who has lost what it answered is not to begin with it anew. */
  #isAnswered(clientOrderId: string): boolean {
    const record = this.#records.order(clientOrderId);
    return record !== undefined && (record.isClosed || record.venueOrderId !== '');
  }

  #prune(): void {
    const { clock, logger } = this.#options;
    const nowNs = clock.monotonicNs();
    if (nowNs < this.#pruneAtNs) return;
    this.#pruneAtNs = nowNs + pruneIntervalNs;
    try {
      this.#records.prune(clock.now());
    } catch (error) {
      logger.warn({ error: errorLine(error) }, 'old records of orders cannot be removed now');
    }
  }

  #refuse(clientOrderId: string, reason: string): void {
    this.#outcomes.tell(clientOrderId, OrderState.rejected, '', reason);
  }

  #sendOrder(intent: OrderIntent, asked: OrderTerms, symbol: string, venueClientId: string): void {
    const { clientOrderId: id, side, orderType: type, quantity, limitPrice, account } = intent;
    const now = this.#options.clock.now();
    const record: OrderRecord = {
      ...{ symbol, side, type, account, quantity, limitPrice, stopPrice: asked.stopPrice },
      timeInForce: timeLetters[asked.timeInForce] ?? '',
      ...(asked.timeInForce === TimeInForce.gtd ? { expireTime: asked.expireTime } : {}),
      ...{ venueClientId, venueOrderId: '', changes: 0, isClosed: false, day: now.day },
    };
    this.#records.keep(id, record);
    this.session.send(MessageType.newOrderSingle, (writer) => {
      writer.text(Tag.clOrdId, venueClientId);
      writeInstrument(writer, record, now);
      terms(record)(writer);
    });
  }

  /** A cancel or a change: both name the order by what the venue calls it now. */
  #change(clientOrderId: string, type: string, bodyOf: (record: OrderRecord) => FixBody): void {
    const { strangers } = this.#outcomes;
    const ours = this.#records.order(clientOrderId);
    const record = ours ?? strangers.get(clientOrderId);
    const { logger, clock } = this.#options;
    if (record === undefined || record.isClosed || !this.session.isSynchronised) {
      // A closed order tells its state when it is asked; an unknown one was never sent.
      logger.warn({ clientOrderId, type }, 'nothing to change, or no FIX session');
      if (record !== undefined) this.#askStatus(clientOrderId, '');
      return;
    }
    const body = bodyOf(record);
    const changed = changedOrder(clientOrderId, record);
    if (ours !== undefined) this.#records.keep(clientOrderId, changed.record);
    else strangers.set(clientOrderId, changed.record);
    this.session.send(type, (writer) => {
      writer.text(Tag.origClOrdId, record.venueClientId);
      writer.text(Tag.clOrdId, changed.id);
      if (record.venueOrderId !== '') writer.text(Tag.orderId, record.venueOrderId);
      writeInstrument(writer, record, clock.now());
      body(writer);
    });
  }

  /** With an id the answer settles that question; without, it is told as an update. */
  #askStatus(clientOrderId: string, id: string): void {
    if (!this.session.isLoggedOn && id === '') return;
    const record =
      this.#records.order(clientOrderId) ?? this.#outcomes.strangers.get(clientOrderId);
    this.session.send(MessageType.orderStatusRequest, (writer) => {
      writer.text(Tag.clOrdId, record?.venueClientId ?? venueIdOf(clientOrderId) ?? clientOrderId);
      const venueOrderId = record?.venueOrderId ?? '';
      if (venueOrderId !== '') writer.text(Tag.orderId, venueOrderId);
      if (id !== '') writer.text(Tag.ordStatusReqId, id);
      writer.text(Tag.symbol, record?.symbol ?? '[N/A]');
      writer.text(Tag.side, record === undefined ? '7' : sideLetter(record.side));
    });
  }

  async #ask<T>(kind: string, send: (id: string) => void, about = ''): Promise<T[]> {
    if (!this.session.isSynchronised) throw this.#unavailable();
    const salt = this.session.store.outgoing;
    const sendNow = (id: string): void => {
      send(id);
      this.session.flush();
    };
    return this.#queries.ask<T>(kind, salt, sendNow, about);
  }

  #unavailable(why = 'there is no FIX session'): NdtsError {
    return new NdtsError('UNAVAILABLE', `${this.#options.settings.name}: ${why}`);
  }

  #sent(number: number): FixMessage | undefined {
    if (number < 1) return undefined;
    try {
      const bytes = this.session.store.kept(number);
      if (bytes === undefined) return undefined;
      this.#sentReader.push(bytes);
      return this.#sentReader.next() ? this.#sentReader.message : undefined;
    } catch (error) {
      this.#options.logger.error({ number, error: errorLine(error) }, 'a sent message is lost');
      return undefined;
    }
  }
}

function addNewest(ids: Set<string>, id: string): void {
  ids.add(id);
  const [oldest = ''] = ids.size > newestMax ? ids : [];
  ids.delete(oldest);
}

/** Whose positions: FIX wants it as an account and as a party. */
function writeAccount(writer: Parameters<FixBody>[0], account: string): void {
  writer.whole(Tag.partyCount, 1);
  writer.text(Tag.partyId, account);
  writer.text(Tag.partyIdSource, 'D');
  writer.whole(Tag.partyRole, 24);
  writer.text(Tag.account, account);
  writer.whole(Tag.accountType, 1);
}

function writeInstrument(writer: Parameters<FixBody>[0], record: OrderRecord, now: Time): void {
  if (record.account !== '') writer.text(Tag.account, record.account);
  writer.text(Tag.symbol, record.symbol);
  writer.text(Tag.side, sideLetter(record.side));
  writer.time(Tag.transactTime, now);
}

const abilities: BrokerAbilities = {
  orderTypes: [OrderType.market, OrderType.limit, OrderType.stop, OrderType.stopLimit],
  timesInForce: [
    ...[TimeInForce.gtc, TimeInForce.ioc, TimeInForce.fok, TimeInForce.gtd, TimeInForce.day],
  ],
  postOnly: false,
  reduceOnly: false,
  replace: true,
  offsets: false,
};

const typeLetters: Readonly<Record<number, string>> = {
  [OrderType.market]: '1',
  [OrderType.limit]: '2',
  [OrderType.stop]: '3',
  [OrderType.stopLimit]: '4',
};

const timeLetters: Readonly<Record<number, string>> = {
  [TimeInForce.gtc]: '1',
  [TimeInForce.ioc]: '3',
  [TimeInForce.fok]: '4',
  [TimeInForce.gtd]: '6',
  [TimeInForce.day]: '0',
};

/** What NewOrderSingle and OrderCancelReplaceRequest say alike. */
function terms(record: OrderRecord): FixBody {
  return (writer) => {
    writer.text(Tag.handlInst, '1');
    writer.money(Tag.orderQty, record.quantity);
    writer.text(Tag.ordType, typeLetters[record.type] ?? '');
    if (record.limitPrice > 0n) writer.money(Tag.price, record.limitPrice);
    if (record.stopPrice > 0n) writer.money(Tag.stopPx, record.stopPrice);
    writer.text(Tag.timeInForce, record.timeInForce);
    if (record.expireTime !== undefined) writer.time(Tag.expireTime, record.expireTime);
  };
}
