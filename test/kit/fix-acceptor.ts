// A FIX 4.4 counterparty on loopback: a session that accepts, and behind it the paper venue, which
// matches. It lives on when its clients die, and can be told to garble, lose and cut what it sends.
// Symbols are called `S` and their number.

import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { PaperBroker } from '@ndts/exec-node';
import {
  type BrokerListener,
  type BrokerOrderStatus,
  type BrokerOrderUpdate,
  type Clock,
  type Fill,
  type OrderIntent,
  OrderState,
  type OrderTerms,
  OrderType,
  plainTerms,
  type Random,
  TimeInForce,
} from '@ndts/protocol';
import { createSilentLogger, MemoryKeyValueStore } from '@ndts/runtime';
import {
  type FixApplication,
  type FixBody,
  fixDayText,
  type FixMessage,
  FixSession,
  MessageType,
  Tag,
} from '@ndts/runtime/fix';
import { freePort } from './free-port.js';
import { MarketTape } from './market-tape.js';
import {
  feeBody,
  ordStatus,
  plainOrder,
  split,
  symbolName,
  timesInForce,
} from './fix-venue-words.js';
import type { VenueOrder } from './fix-venue-words.js';
import { tlsCertificate, tlsKey } from './tls-identity.js';

/** What is done to bytes on their way to the client; undefined: they are lost. */
export type Mangle = (bytes: Uint8Array) => Uint8Array | undefined;

export class FixAcceptor implements BrokerListener {
  readonly session: FixSession;
  readonly paper: PaperBroker;
  readonly tape = new MarketTape();
  /** Of what it takes; empty: that of the price. */
  feeCurrency = '';
  mangle: Mangle = (bytes) => bytes;
  port = 0;
  isTls = false;
  /** What comes is lost. */
  isDeaf = false;
  /** Each position is told twice: as one unit in one account, and the rest in another. */
  hasAccounts = false;
  /** Orders that came, in order; one that came twice is here twice. */
  readonly received: string[] = [];
  readonly #clock: Clock;
  readonly #orders = new Map<string, VenueOrder>();
  #server: Server | undefined;
  #socket: Socket | undefined;
  readonly #untold: [string, FixBody][] = [];
  #reports = 0;

  constructor(dir: string, clock: Clock, random: Random) {
    this.#clock = clock;
    this.paper = new PaperBroker({
      ...{ dir, clock, random, market: this.tape, latencyUs: 0, feeBps: 10 },
      logger: createSilentLogger(),
    });
    void this.paper.connect(this);
    this.session = new FixSession({
      settings: {
        ...{ role: 'acceptor', beginString: 'FIX.4.4', heartbeatSeconds: 30 },
        ...{ senderCompId: 'VENUE', targetCompId: 'DESK' },
      },
      ...{ keyValue: new MemoryKeyValueStore(), name: 'acceptor', clock },
      ...{ logger: createSilentLogger(), application: this.#application() },
    });
  }

  async open(): Promise<void> {
    const accept = (socket: Socket): void => this.#accept(socket);
    const identity = { cert: tlsCertificate, key: tlsKey };
    const server = this.isTls ? createTlsServer(identity, accept) : createServer(accept);
    this.#server = server;
    // It comes back where it was: nobody may have the port meanwhile.
    if (this.port === 0) this.port = await freePort();
    server.listen(this.port, '127.0.0.1');
    await once(server, 'listening');
  }

  /** Nobody gets in any more, and who is in gets out. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    this.cut();
    if (server === undefined) return;
    server.close();
    await once(server, 'close');
  }

  cut(): void {
    this.#socket?.destroy();
  }

  /** Its next number is this one, without a word about those before. */
  skipTo(number: number): void {
    this.session.send(MessageType.sequenceReset, (writer) => writer.whole(Tag.newSeqNo, number));
    this.session.store.outgoing = number;
    this.session.flush();
  }

  /** Somebody else sends an order; nobody is told. */
  orderByHand(intent: OrderIntent): void {
    const { clientOrderId: id, symbol, quantity } = intent;
    this.#orders.set(id, { ...plainOrder, id, symbol: symbolName(symbol), side: '1', quantity });
    this.paper.submit(intent);
  }

  doWork(): void {
    this.paper.doWork();
    this.session.doWork();
    this.session.flush();
  }

  onOrderUpdate(update: BrokerOrderUpdate): void {
    const order = this.#orders.get(update.clientOrderId);
    if (order === undefined) return;
    order.venueOrderId = update.venueOrderId;
    const cancelId = order.cancelId;
    if (update.reason === 'duplicate refused') {
      this.#report(order, '8', '8', (writer) => writer.whole(Tag.ordRejReason, 6));
    } else if (cancelId !== '') {
      order.cancelId = '';
      if (update.state === OrderState.canceled && order.next !== undefined)
        this.#takePlace(order, order.next);
      else if (update.state === OrderState.canceled) this.#reportCanceled(order, cancelId);
      else this.#refuseCancel(cancelId, order.id, ordStatus[update.state] ?? '8', 0);
    } else if (update.state === OrderState.accepted && !order.id.includes('.'))
      this.#report(order, '0', '0');
    else if (update.state === OrderState.rejected)
      this.#report(order, '8', '8', (writer) => {
        writer.whole(Tag.ordRejReason, 0);
        writer.text(Tag.text, `refused: ${update.reason}`);
      });
  }

  onFill(fill: Fill): void {
    const order = this.#orders.get(fill.clientOrderId);
    if (order === undefined) return;
    order.filled += fill.quantity;
    const status = order.filled === order.quantity ? '2' : '1';
    this.#report(
      order,
      'F',
      status,
      (writer) => {
        writer.money(Tag.lastQty, fill.quantity);
        writer.money(Tag.lastPx, fill.price);
        feeBody(fill.fee, this.feeCurrency)(writer);
        writer.time(Tag.transactTime, fill.time);
      },
      fill.tradeId,
    );
  }

  #application(): FixApplication {
    return {
      onLogon: () => this.#tellUntold(),
      onLogout: () => undefined,
      onMissed: () => undefined,
      isWanted: () => true,
      onMessage: (message) => this.#take(message),
    };
  }

  #accept(socket: Socket): void {
    this.#socket?.destroy();
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('error', () => undefined); // 'close' follows
    socket.on('close', () => {
      if (this.#socket === socket) this.session.disconnected('closed');
    });
    this.session.disconnected('another connection');
    this.session.connected({
      write: (bytes) => {
        const mangled = this.mangle(bytes);
        if (mangled !== undefined) socket.write(mangled);
      },
      end: () => socket.end(),
    });
    socket.on('data', (bytes: Buffer) => {
      if (this.#socket === socket && !this.isDeaf) this.session.received(bytes);
    });
  }

  #take(message: FixMessage): void {
    const id = message.text(Tag.clOrdId);
    if (message.type === MessageType.newOrderSingle) this.#takeOrder(message, id);
    else if (message.type === MessageType.orderCancelRequest) this.#takeCancel(message, id);
    else if (message.type === MessageType.orderCancelReplaceRequest)
      this.#takeCancel(message, id, this.#intentOf(message, id));
    else if (message.type === MessageType.orderStatusRequest) this.#takeStatus(message, id);
    else if (message.type === MessageType.orderMassStatusRequest)
      void this.#tellOpen(message.text(Tag.massStatusReqId));
    else if (message.type === MessageType.tradeCaptureReportRequest)
      void this.#tellTrades(message.text(Tag.tradeRequestId));
    else if (message.type === MessageType.requestForPositions)
      void this.#tellPositions(message.text(Tag.posReqId));
  }

  #takeOrder(message: FixMessage, id: string): void {
    const [symbol, side] = [message.text(Tag.symbol), message.text(Tag.side)];
    const quantity = message.money(Tag.orderQty) ?? 0n;
    this.received.push(id);
    if (!this.#orders.has(id)) {
      this.#orders.set(id, { ...plainOrder, id, symbol, side, quantity });
    }
    this.paper.submit(this.#intentOf(message, id), this.#termsOf(message, id));
  }

  #intentOf(message: FixMessage, id: string): OrderIntent {
    const [symbol, side] = [message.text(Tag.symbol), message.text(Tag.side)];
    const quantity = message.money(Tag.orderQty) ?? 0n;
    const time = this.#clock.now();
    return {
      ...{ clientOrderId: id, account: message.text(Tag.account), instance: 1, ordinal: 1n },
      ...{ symbol: Number(symbol.slice(1)), side: side === '1' ? 1 : -1, quantity },
      orderType: message.text(Tag.ordType) === '1' ? OrderType.market : OrderType.limit,
      limitPrice: message.money(Tag.price) ?? 0n,
      ...{ time, tickTime: time, shard: 0, epoch: 0n, sequence: 0n, factorValue: 0, broker: '' },
    };
  }

  #termsOf(message: FixMessage, clientOrderId: string): OrderTerms {
    const timeInForce = timesInForce[message.text(Tag.timeInForce)] ?? TimeInForce.gtc;
    return { ...plainTerms, clientOrderId, timeInForce };
  }

  /** The paper venue changes no order: another one takes its place, under the same venue id. */
  #takePlace(order: VenueOrder, next: OrderIntent): void {
    const { clientOrderId: id, quantity } = next;
    const { venueOrderId } = order;
    this.#orders.set(id, { ...order, id, quantity, cancelId: '', next: undefined });
    this.#report({ ...order, id, quantity, venueOrderId }, '5', '0', (writer) => {
      writer.text(Tag.origClOrdId, order.id);
      writer.money(Tag.orderQty, quantity);
      if (next.limitPrice > 0n) writer.money(Tag.price, next.limitPrice);
    });
    this.paper.submit({ ...next, quantity: quantity - order.filled });
  }

  #takeCancel(message: FixMessage, id: string, next?: OrderIntent): void {
    const original = message.text(Tag.origClOrdId);
    const order = this.#orders.get(original);
    if (order === undefined) {
      this.#refuseCancel(id, original, '8', 1);
      return;
    }
    if (next !== undefined && next.quantity <= order.filled) {
      this.#refuseCancel(id, original, order.filled > 0n ? '1' : '0', 2);
      return;
    }
    order.cancelId = id;
    order.next = next;
    this.paper.cancel(original);
  }

  #takeStatus(message: FixMessage, id: string): void {
    const question = message.text(Tag.ordStatusReqId);
    const known = { symbol: message.text(Tag.symbol), side: message.text(Tag.side) };
    void this.paper.queryOrder(id).then((status) => {
      const ask: FixBody = (writer) => {
        if (question !== '') writer.text(Tag.ordStatusReqId, question);
      };
      if (status !== undefined) this.#tellStatus(status, known, ask);
      else
        this.#tellNone(id, known, (writer) => {
          ask(writer);
          writer.whole(Tag.ordRejReason, 5);
        });
      this.session.flush();
    });
  }

  async #tellOpen(question: string): Promise<void> {
    const open = await this.paper.queryOpenOrders();
    open.forEach((status, index) => {
      const order = this.#orders.get(status.clientOrderId);
      const known = { symbol: order?.symbol ?? 'S0', side: order?.side ?? '1' };
      this.#tellStatus(status, known, (writer) => {
        writer.text(Tag.massStatusReqId, question);
        writer.whole(Tag.totNumReports, open.length);
        writer.flag(Tag.lastRptRequested, index === open.length - 1);
      });
    });
    if (open.length === 0)
      this.#tellNone('NONE', { symbol: '[N/A]', side: '7' }, (writer) => {
        writer.text(Tag.massStatusReqId, question);
        writer.whole(Tag.ordRejReason, 5);
        writer.whole(Tag.totNumReports, 0);
      });
    this.session.flush();
  }

  async #tellTrades(question: string): Promise<void> {
    const fills = await this.paper.queryFills();
    this.#send(MessageType.tradeCaptureReportRequestAck, (writer) => {
      writer.text(Tag.tradeRequestId, question);
      writer.text(Tag.tradeRequestType, '0');
      writer.whole(Tag.totNumTradeReports, fills.length);
      writer.whole(Tag.tradeRequestResult, 0);
      writer.whole(Tag.tradeRequestStatus, 0);
    });
    fills.forEach((fill, index) => {
      this.#send(MessageType.tradeCaptureReport, (writer) => {
        writer.text(Tag.tradeReportId, `R${index}`);
        writer.text(Tag.tradeRequestId, question);
        writer.text(Tag.execType, 'F');
        writer.flag(Tag.lastRptRequested, index === fills.length - 1);
        writer.text(Tag.execId, fill.tradeId);
        writer.flag(Tag.previouslyReported, true);
        writer.text(Tag.symbol, symbolName(fill.symbol));
        writer.money(Tag.lastQty, fill.quantity);
        writer.money(Tag.lastPx, fill.price);
        writer.text(Tag.tradeDate, fixDayText(fill.time.day));
        writer.time(Tag.transactTime, fill.time);
        writer.whole(Tag.sideCount, 1);
        writer.text(Tag.side, fill.side > 0 ? '1' : '2');
        writer.text(Tag.orderId, this.#venueOrderId(fill.clientOrderId));
        writer.text(Tag.clOrdId, fill.clientOrderId);
        feeBody(fill.fee, this.feeCurrency)(writer);
      });
    });
    this.session.flush();
  }

  async #tellPositions(question: string): Promise<void> {
    const held = await this.paper.queryPositions();
    const positions = this.hasAccounts ? held.flatMap(split) : held;
    this.#send(MessageType.requestForPositionsAck, (writer) => {
      writer.text(Tag.posMaintRptId, `${question}-a`);
      writer.text(Tag.posReqId, question);
      writer.whole(Tag.totalNumPosReports, positions.length);
      writer.whole(Tag.posReqResult, positions.length === 0 ? 2 : 0);
      writer.whole(Tag.posReqStatus, 0);
    });
    for (const { symbol, quantity, averagePrice } of positions)
      this.#send(MessageType.positionReport, (writer) => {
        writer.text(Tag.posMaintRptId, `${question}-${symbol}`);
        writer.text(Tag.posReqId, question);
        writer.whole(Tag.posReqResult, 0);
        writer.whole(Tag.totalNumPosReports, positions.length);
        writer.text(Tag.symbol, symbolName(symbol));
        writer.money(Tag.settlPrice, averagePrice);
        writer.whole(Tag.positionCount, 1);
        writer.text(Tag.posType, 'TOT');
        if (quantity >= 0n) writer.money(Tag.longQty, quantity);
        else writer.money(Tag.shortQty, -quantity);
      });
    this.session.flush();
  }

  #tellStatus(
    status: BrokerOrderStatus,
    known: { readonly symbol: string; readonly side: string },
    more: FixBody,
  ): void {
    this.#send(MessageType.executionReport, (writer) => {
      writer.text(Tag.orderId, status.venueOrderId);
      writer.text(Tag.clOrdId, status.clientOrderId);
      writer.text(Tag.execId, '0');
      writer.text(Tag.execType, 'I');
      writer.text(Tag.ordStatus, ordStatus[status.state] ?? '0');
      writer.text(Tag.symbol, known.symbol);
      writer.text(Tag.side, known.side);
      writer.money(Tag.cumQty, status.filledQuantity);
      const { quantity = 0n, limitPrice = 0n } = status.working ?? {};
      if (quantity > 0n) writer.money(Tag.orderQty, quantity);
      if (limitPrice > 0n) writer.money(Tag.price, limitPrice);
      more(writer);
    });
  }

  #tellNone(
    id: string,
    known: { readonly symbol: string; readonly side: string },
    more: FixBody,
  ): void {
    this.#send(MessageType.executionReport, (writer) => {
      writer.text(Tag.orderId, 'NONE');
      writer.text(Tag.clOrdId, id);
      writer.text(Tag.execId, '0');
      writer.text(Tag.execType, 'I');
      writer.text(Tag.ordStatus, '8');
      writer.text(Tag.symbol, known.symbol);
      writer.text(Tag.side, known.side);
      writer.money(Tag.cumQty, 0n);
      more(writer);
    });
  }

  #report(
    order: VenueOrder,
    execType: string,
    status: string,
    more: FixBody = () => undefined,
    execId = '',
  ): void {
    this.#reports += 1;
    this.#send(MessageType.executionReport, (writer) => {
      writer.text(Tag.orderId, order.venueOrderId === '' ? 'NONE' : order.venueOrderId);
      writer.text(Tag.clOrdId, order.id);
      writer.text(Tag.execId, execId === '' ? `E${this.#reports}` : execId);
      writer.text(Tag.execType, execType);
      writer.text(Tag.ordStatus, status);
      writer.text(Tag.symbol, order.symbol);
      writer.text(Tag.side, order.side);
      const leaves = status === '8' || status === '4' ? 0n : order.quantity - order.filled;
      writer.money(Tag.leavesQty, leaves);
      writer.money(Tag.cumQty, order.filled);
      more(writer);
    });
  }

  #reportCanceled(order: VenueOrder, cancelId: string): void {
    const { id } = order;
    this.#report({ ...order, id: cancelId }, '4', '4', (writer) => {
      writer.text(Tag.origClOrdId, id);
    });
  }

  #refuseCancel(cancelId: string, original: string, status: string, reason: number): void {
    this.#send(MessageType.orderCancelReject, (writer) => {
      writer.text(Tag.orderId, this.#venueOrderId(original));
      writer.text(Tag.clOrdId, cancelId);
      writer.text(Tag.origClOrdId, original);
      writer.text(Tag.ordStatus, status);
      writer.text(Tag.cxlRejResponseTo, '1');
      writer.whole(Tag.cxlRejReason, reason);
    });
  }

  #venueOrderId(id: string): string {
    const known = this.#orders.get(id)?.venueOrderId ?? '';
    return known === '' ? 'NONE' : known;
  }

  /** What nobody is there for is told at the next log-on. */
  #send(type: string, body: FixBody): void {
    if (this.session.isLoggedOn) this.session.send(type, body);
    else this.#untold.push([type, body]);
  }

  #tellUntold(): void {
    for (const [type, body] of this.#untold.splice(0)) this.session.send(type, body);
  }
}
