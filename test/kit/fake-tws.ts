// A stand-in for TWS: the part of its protocol that a gateway uses, spoken on a socket of loopback
// as server version 151 does, with a small venue behind. It remembers orders and executions over
// sessions, and can be told to misbehave. What always holds: one session per client number; an
// order number is used once; what is answered happened.

import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { completedOrderFields, type Field, openOrderFields, type TwsOrder } from './tws-fields.js';

const serverVersion = 151;
const account = 'DU1';

const said = {
  orderStatus: 3,
  error: 4,
  openOrder: 5,
  nextValidId: 9,
  execution: 11,
  managedAccounts: 15,
  openOrderEnd: 53,
  executionEnd: 55,
  commission: 59,
  position: 61,
  positionEnd: 62,
  completedOrder: 101,
  completedOrdersEnd: 102,
} as const;

interface TwsExecution {
  readonly id: string;
  readonly time: string;
  readonly order: TwsOrder;
  readonly quantity: number;
  readonly price: number;
  readonly cumulative: number;
}

interface Quote {
  readonly bid: number;
  readonly ask: number;
}

interface Holding {
  quantity: number;
  average: number;
}

interface Session {
  readonly socket: Socket;
  clientId: number;
  unread: Buffer;
  greeted: boolean;
}

export class FakeTws {
  readonly account = account;
  rejectAll = false;
  loseRequests = false;
  loseAnswers = false;
  partialFills = false;
  /** What it says to cancels instead of canceling; 0: it cancels. */
  cancelCode = 0;
  /** What a new session is told while the servers are away. */
  awayCode = 1100;
  /** Questions about executions are refused with it; 0: they are answered. */
  questionCode = 0;
  /** Commissions come with the next correction or not at all. */
  holdCommissions = false;
  feeCurrency = 'USD';
  /** When each message of a client arrived, in ms of this process. */
  readonly arrivals: number[] = [];
  readonly #server: Server;
  readonly #sessions = new Set<Session>();
  readonly #orders: TwsOrder[] = [];
  readonly #executions: TwsExecution[] = [];
  readonly #quotes = new Map<number, Quote>();
  readonly #holdings = new Map<number, Holding>();
  #out = false;
  #isAway = false;
  #nextNumber = 1;
  #nextPerm = 70_001;

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => this.#accept(socket));
  }

  static async start(): Promise<FakeTws> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new FakeTws(server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Of all orders. */
  get numbers(): number[] {
    return this.#orders.map(({ number }) => number);
  }

  /** A person begins the numbers of orders again. */
  beginNumbers(first: number): void {
    this.#nextNumber = first;
  }

  get isOut(): boolean {
    return this.#out;
  }

  /** Ends all sessions and takes no new ones, as at the nightly reset. */
  outage(on: boolean): void {
    this.#out = on;
    if (!on) return;
    for (const { socket } of this.#sessions) socket.destroy();
    this.#sessions.clear();
  }

  /** The venue's own servers are away (1100) or back (1102), the session stays. */
  serversAway(away: boolean): void {
    this.#isAway = away;
    const [code, text] = away ? [1100, 'connectivity lost'] : [1102, 'connectivity restored'];
    for (const session of this.#sessions) this.#error(session, -1, code, text);
  }

  market(conId: number, bid: number, ask: number): void {
    this.#quotes.set(conId, { bid, ask });
    for (const order of this.#orders) {
      if (!isOpen(order) || order.conId !== conId) continue;
      const touch = order.action === 'BUY' ? ask : bid;
      if (order.status === 'PreSubmitted') {
        const reached = order.action === 'BUY' ? touch >= order.stop : touch <= order.stop;
        if (reached) this.#execute(order, order.quantity, touch);
        continue;
      }
      const crossed = order.action === 'BUY' ? touch <= order.limit : touch >= order.limit;
      if (crossed) this.#execute(order, order.quantity - order.filled, order.limit);
    }
  }

  /** A part of the last order that is open, at its limit. */
  executePart(quantity: number): void {
    const order = this.#orders.findLast(isOpen);
    if (order !== undefined) this.#execute(order, quantity, order.limit);
  }

  /** Somebody changes an open order at the venue. */
  changeByHand(reference: string, quantity: number, limit: number): void {
    const order = this.#orders.find((one) => one.reference === reference);
    if (order === undefined) return;
    Object.assign(order, { quantity, limit });
    this.#tellOrder(order);
  }

  /** An order that was canceled works again. */
  revive(reference: string): void {
    const order = this.#orders.find((one) => one.reference === reference);
    if (order === undefined) return;
    order.status = 'Submitted';
    this.#tellOrder(order);
  }

  /** Says something of the last order. */
  warn(code: number, text: string): void {
    const number = this.#orders.at(-1)?.number ?? 0;
    for (const session of this.#sessions) this.#error(session, number, code, text);
  }

  /** The last order is no longer worked. */
  deactivate(): void {
    const order = this.#orders.at(-1);
    if (order === undefined) return;
    order.status = 'Inactive';
    this.#tellOrder(order);
  }

  /** An order of another client, which has the number of the last one here, was canceled. */
  otherCanceled(): void {
    const number = this.#orders.at(-1)?.number ?? 0;
    for (const session of this.#sessions)
      this.#send(
        ...[session, said.orderStatus, number, 'Cancelled', 0, 1, 0, 999, 0, 0],
        ...[session.clientId + 1, '', 0],
      );
  }

  /** A day later executions of before are no longer told. */
  forgetExecutions(): void {
    this.#executions.length = 0;
  }

  /** Somebody sends an order to buy through a session of the same number. */
  orderByHand(reference: string, conId: number, quantity: number, limit: number): void {
    const order: TwsOrder = {
      ...{ number: this.#nextNumber++, permId: this.#nextPerm++, clientId: 0, conId },
      ...{ symbol: 'AAPL', secType: 'STK', exchange: 'SMART', currency: 'USD', action: 'BUY' },
      ...{ quantity, type: 'LMT', limit, stop: 0, account, reference },
      ...{ status: 'Submitted', filled: 0, paid: 0, words: '' },
    };
    for (const { clientId } of this.#sessions) Object.assign(order, { clientId });
    this.#orders.push(order);
    this.#tellOrder(order);
  }

  /** The last execution again, with another quantity, under the number of its next correction. */
  correctLast(quantity: number): void {
    const last = this.#executions.at(-1);
    if (last === undefined) return;
    const corrected = { ...last, id: last.id.replace(/01$/, '02'), quantity };
    this.#executions.push(corrected);
    this.#tellExecution(corrected, -1);
  }

  async close(): Promise<void> {
    this.outage(true);
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  #accept(socket: Socket): void {
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    if (this.#out) {
      socket.destroy();
      return;
    }
    const session = { socket, clientId: -1, unread: Buffer.alloc(0), greeted: false };
    this.#sessions.add(session);
    socket.on('close', () => this.#sessions.delete(session));
    socket.on('data', (bytes) => {
      session.unread = Buffer.concat([session.unread, bytes]);
      this.#read(session);
    });
  }

  #read(session: Session): void {
    if (!session.greeted) {
      const end = session.unread.indexOf('v');
      if (end < 0) return;
      session.greeted = true;
      session.unread = Buffer.alloc(0);
      this.#send(session, serverVersion, '20260105 09:00:00 UTC');
      return;
    }
    while (session.unread.length >= 4) {
      const length = session.unread.readUInt32BE();
      if (session.unread.length < 4 + length) return;
      const fields = session.unread.toString('utf8', 4, 3 + length).split('\0');
      session.unread = session.unread.subarray(4 + length);
      this.#handle(session, fields);
    }
  }

  #handle(session: Session, fields: readonly string[]): void {
    this.arrivals.push(performance.now());
    switch (Number(fields[0])) {
      case 71:
        this.#begin(session, Number(fields[2]));
        break;
      case 3:
        if (!this.loseRequests) this.#place(session, fields);
        break;
      case 4:
        this.#cancel(session, Number(fields[2]));
        break;
      case 5:
        this.#listOpen(session);
        break;
      case 7:
        if (this.questionCode !== 0)
          this.#error(session, Number(fields[2]), this.questionCode, 'cannot be validated');
        for (const one of this.#executions) this.#sendExecution(session, one, Number(fields[2]));
        this.#send(session, said.executionEnd, 1, Number(fields[2]));
        break;
      case 8:
        this.#send(session, said.nextValidId, 1, this.#nextNumber);
        break;
      case 61:
        this.#listPositions(session);
        break;
      case 99:
        this.#listCompleted(session);
        break;
      default:
        this.#error(session, -1, 505, `unknown message ${fields[0]}`);
    }
  }

  #begin(session: Session, clientId: number): void {
    for (const other of this.#sessions) {
      if (other === session || other.clientId !== clientId) continue;
      this.#error(session, -1, 326, 'client id is already in use');
      session.socket.end();
      return;
    }
    session.clientId = clientId;
    this.#send(session, said.managedAccounts, 1, account);
    this.#send(session, said.nextValidId, 1, this.#nextNumber);
    if (this.#isAway) this.#error(session, -1, this.awayCode, 'connectivity lost');
  }

  #place(session: Session, fields: readonly string[]): void {
    const number = Number(fields[1]);
    if (number < this.#nextNumber) {
      this.#error(session, number, 103, 'duplicate order id');
      return;
    }
    this.#nextNumber = number + 1;
    const order: TwsOrder = {
      ...{ number, permId: this.#nextPerm++, clientId: session.clientId },
      ...{ conId: Number(fields[2]), symbol: fields[3] ?? '', secType: fields[4] ?? '' },
      ...{ exchange: fields[9] ?? '', currency: fields[11] ?? '', action: fields[16] ?? '' },
      ...{ quantity: Number(fields[17]), type: fields[18] ?? '', limit: Number(fields[19]) },
      stop: Number(fields[20]),
      ...{ account: fields[23] ?? '', reference: fields[26] ?? '' },
      ...{ status: 'PreSubmitted', filled: 0, paid: 0, words: '' },
    };
    this.#orders.push(order);
    if (this.rejectAll) {
      order.status = 'Inactive';
      order.words = 'rejected on demand';
      this.#toAll((one) => this.#error(one, number, 201, 'Order rejected - on demand'));
      return;
    }
    order.status = order.type.startsWith('STP') ? 'PreSubmitted' : 'Submitted';
    this.#tellOrder(order);
    if (order.status === 'PreSubmitted') return;
    const quote = this.#quotes.get(order.conId);
    const touch = order.action === 'BUY' ? quote?.ask : quote?.bid;
    if (touch === undefined) return;
    const marketable = order.action === 'BUY' ? touch <= order.limit : touch >= order.limit;
    if (order.type === 'MKT' || marketable) this.#executeSome(order, touch);
    else if (fields[21] === 'IOC' || fields[21] === 'FOK') this.#end(order);
  }

  #executeSome(order: TwsOrder, price: number): void {
    if (!this.partialFills) {
      this.#execute(order, order.quantity, price);
      return;
    }
    const first = Math.floor(order.quantity / 2);
    this.#execute(order, first, price);
    setImmediate(() => this.#execute(order, order.quantity - first, price));
  }

  #execute(order: TwsOrder, quantity: number, price: number): void {
    order.filled += quantity;
    order.paid += quantity * price;
    if (order.filled >= order.quantity) order.status = 'Filled';
    const number = String(this.#executions.length + 1).padStart(8, '0');
    const execution = {
      id: `0000e0d5.${number}.01.01`,
      time: '20260105 14:30:01 America/New_York',
      ...{ order, quantity, price, cumulative: order.filled },
    };
    this.#executions.push(execution);
    this.#hold(order.conId, order.action === 'BUY' ? quantity : -quantity, price);
    this.#tellExecution(execution, -1);
    this.#tellOrder(order);
  }

  #hold(conId: number, quantity: number, price: number): void {
    const holding = this.#holdings.get(conId) ?? { quantity: 0, average: 0 };
    const after = holding.quantity + quantity;
    if (holding.quantity * quantity >= 0)
      holding.average = (holding.average * holding.quantity + price * quantity) / after;
    else if (after * holding.quantity < 0) holding.average = price;
    holding.quantity = after;
    this.#holdings.set(conId, holding);
  }

  #cancel(session: Session, number: number): void {
    const order = this.#orders.find((one) => one.number === number);
    if (order === undefined) {
      this.#error(session, number, 10_147, 'OrderId that needs to be cancelled is not found');
    } else if (this.cancelCode !== 0) {
      this.#error(session, number, this.cancelCode, 'not canceled, on demand');
    } else if (isOpen(order)) {
      this.#end(order);
    } else {
      this.#error(
        session,
        number,
        161,
        'Cancel attempted when order is not in a cancellable state',
      );
    }
  }

  #end(order: TwsOrder): void {
    order.status = 'Cancelled';
    this.#tellOrder(order);
    this.#toAll((one) => this.#error(one, order.number, 202, 'Order Canceled - reason:'));
  }

  #listOpen(session: Session): void {
    for (const order of this.#orders) {
      if (!isOpen(order) || order.clientId !== session.clientId) continue;
      this.#send(session, said.openOrder, ...openOrderFields(order));
      this.#sendStatus(session, order);
    }
    this.#send(session, said.openOrderEnd, 1);
  }

  #listCompleted(session: Session): void {
    for (const order of this.#orders)
      if (!isOpen(order)) this.#send(session, said.completedOrder, ...completedOrderFields(order));
    this.#send(session, said.completedOrdersEnd);
  }

  #listPositions(session: Session): void {
    for (const [conId, { quantity, average }] of this.#holdings)
      this.#send(
        ...[session, said.position, 3, account, conId, '', 'STK', '', 0, '', 1, '', 'USD', '', ''],
        ...[quantity, average],
      );
    this.#send(session, said.positionEnd, 1);
  }

  #tellOrder(order: TwsOrder): void {
    this.#toAll((session) => {
      this.#send(session, said.openOrder, ...openOrderFields(order));
      this.#sendStatus(session, order);
    });
  }

  #sendStatus(session: Session, order: TwsOrder): void {
    const { number, status, filled, quantity, paid, permId, clientId } = order;
    const average = filled === 0 ? 0 : paid / filled;
    this.#send(
      ...[session, said.orderStatus, number, status, filled, quantity - filled, average, permId],
      ...[0, 0, clientId, '', 0],
    );
  }

  #tellExecution(execution: TwsExecution, request: number): void {
    this.#toAll((session) => this.#sendExecution(session, execution, request));
  }

  #sendExecution(session: Session, execution: TwsExecution, request: number): void {
    const { id, time, order, quantity, price, cumulative } = execution;
    const side = order.action === 'BUY' ? 'BOT' : 'SLD';
    this.#send(
      ...[session, said.execution, request, order.number, order.conId, order.symbol],
      ...[order.secType, '', 0, '', '', order.exchange, order.currency, order.symbol, ''],
      ...[id, time, account, order.exchange, side, quantity, price, order.permId],
      ...[order.clientId, 0, cumulative, order.paid / order.filled, order.reference],
      ...['', 0, '', 1],
    );
    const commission = Math.round(quantity * price * 1e5) / 1e8;
    if (!this.holdCommissions)
      this.#send(session, said.commission, 1, id, commission, this.feeCurrency, 0, 0, 0);
  }

  #toAll(tell: (session: Session) => void): void {
    if (!this.loseAnswers) for (const session of this.#sessions) tell(session);
  }

  #error(session: Session, number: number, code: number, text: string): void {
    this.#send(session, said.error, 2, number, code, text);
  }

  #send(...[session, ...fields]: [Session, ...Field[]]): void {
    const body = Buffer.from(`${fields.join('\0')}\0`);
    const head = Buffer.alloc(4);
    head.writeUInt32BE(body.length);
    session.socket.write(Buffer.concat([head, body]));
  }
}

function isOpen({ status }: TwsOrder): boolean {
  return status === 'Submitted' || status === 'PreSubmitted';
}
