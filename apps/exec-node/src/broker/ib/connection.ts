// One connection to TWS or IB Gateway, from its opening to its end; a lost one is not used again,
// because the client library would send into the next connection what was meant for this one. What
// always holds: `lost` is told once, and nothing after it; what is sent waits for its turn
// (pacing).

import type { Socket } from 'node:net';
import { type Clock, errorLine } from '@ndts/protocol';
import type {
  CommissionReport,
  Contract,
  Execution,
  IBApi,
  Order,
  OrderState as IbOrderState,
} from '@stoqey/ib';
import { isChatter } from './codes.js';
import { Pacing } from '../pacing.js';

export interface IbAddress {
  readonly host: string;
  readonly port: number;
  /** Two clients with one number: the second is refused. */
  readonly clientId: number;
}

/** What the venue says, as it comes, outside the duty cycle. */
export interface IbEvents {
  /** The session stands; numbers of orders begin here. */
  ready(firstOrderNumber: number): void;
  lost(reason: string): void;
  openOrder(number: number, contract: Contract, order: Order, state: IbOrderState): void;
  openOrdersEnd(): void;
  completedOrder(contract: Contract, order: Order, state: IbOrderState): void;
  completedOrdersEnd(): void;
  orderStatus(number: number, status: string, filled: number, permId: number): void;
  /** `request`: below 0 for one that just happened. */
  execution(request: number, contract: Contract, execution: Execution): void;
  executionsEnd(request: number): void;
  commission(report: CommissionReport): void;
  position(account: string, contract: Contract, quantity: number, averageCost: number): void;
  positionsEnd(): void;
  /** `number`: of the order or request it is about; below 0 for none. */
  problem(number: number, code: number, message: string): void;
}

/** As the library tells it: also the average price, the parent, the last price and the client. */
type StatusTold = [
  ...[number: number, status: string, filled: number, remaining: number, average: number],
  ...[permId?: number, parentId?: number, lastPrice?: number, clientId?: number],
];

/** The library paces too, with a queue that outlives the connection: set beyond ours. */
const libraryPerSecond = 10_000;

export class IbConnection {
  readonly #api: IBApi;
  readonly #pacing: Pacing;
  readonly #events: IbEvents;
  readonly #clientId: number;
  #over = false;

  private constructor(
    api: IBApi,
    clientId: number,
    clock: Clock,
    perSecond: number,
    events: IbEvents,
  ) {
    this.#api = api;
    this.#clientId = clientId;
    this.#pacing = new Pacing(clock, perSecond);
    this.#events = events;
  }

  /** Loads the library and begins to connect; `ready` or `lost` follows. */
  static async open(
    address: IbAddress,
    clock: Clock,
    perSecond: number,
    events: IbEvents,
  ): Promise<IbConnection> {
    const library = await import('@stoqey/ib');
    const api = new library.IBApi({ ...address, maxReqPerSec: libraryPerSecond });
    const connection = new IbConnection(api, address.clientId, clock, perSecond, events);
    connection.#listen();
    api.connect();
    return connection;
  }

  get isOver(): boolean {
    return this.#over;
  }

  /** `dropped` is told when the message was never sent. */
  send(message: (api: IBApi) => void, dropped?: () => void): void {
    if (this.#over) dropped?.();
    else this.#pacing.send(() => message(this.#api), dropped);
  }

  /** What waits for its turn is not sent. */
  drop(): void {
    this.#pacing.drop();
  }

  /** Sends what had to wait; part of the duty cycle. */
  doWork(): number {
    return this.#over ? 0 : this.#pacing.flush();
  }

  /** Tells nobody. */
  close(): void {
    if (this.#over) return;
    this.#over = true;
    this.#pacing.drop();
    this.#api.removeAllListeners();
    this.#api.disconnect();
  }

  #end(reason: string): void {
    if (this.#over) return;
    const dropped = this.#pacing.drop();
    this.close();
    this.#events.lost(dropped === 0 ? reason : `${reason}; ${dropped} messages were not sent`);
  }

  #listen(): void {
    const events = this.#events;
    type Listener = (...values: never[]) => void;
    const on = (name: string, listener: Listener): void => {
      this.#api.on(
        name as never,
        ((...values: never[]): void => {
          if (!this.#over) this.#guarded(name, () => listener(...values));
        }) as never,
      );
    };
    on('connected', () => withoutDelay(this.#api));
    on('nextValidId', (number: number) => events.ready(number));
    on('disconnected', () => this.#end('the venue closed the connection'));
    on('error', (error: Error, code: number, number: number) => {
      if (code === 502 || code === 506 || code === 507 || code === 504) this.#end(error.message);
      else if (!isChatter(code)) events.problem(number, code, error.message);
    });
    on('info', (message: string, code: number) => {
      if (!isChatter(code)) events.problem(-1, code, message);
    });
    on('openOrder', (number: number, contract: Contract, order: Order, state: IbOrderState) =>
      events.openOrder(this.#isOurs(order.clientId) ? number : 0, contract, order, state),
    );
    on('openOrderEnd', () => events.openOrdersEnd());
    on('completedOrder', (contract: Contract, order: Order, state: IbOrderState) =>
      events.completedOrder(contract, order, state),
    );
    on('completedOrdersEnd', () => events.completedOrdersEnd());
    on('orderStatus', (...told: StatusTold) => {
      const [number, status, filled, , , permId = 0, , , clientId] = told;
      if (this.#isOurs(clientId)) events.orderStatus(number, status, filled, permId);
    });
    on('execDetails', (request: number, contract: Contract, execution: Execution) =>
      events.execution(request, contract, execution),
    );
    on('execDetailsEnd', (request: number) => events.executionsEnd(request));
    on('commissionReport', (report: CommissionReport) => events.commission(report));
    on('position', (account: string, contract: Contract, quantity: number, cost?: number) =>
      events.position(account, contract, quantity, cost ?? 0),
    );
    on('positionEnd', () => events.positionsEnd());
  }

  /** A master client is told of orders of others, whose numbers may be those of ours. */
  #isOurs(clientId = this.#clientId): boolean {
    return clientId === this.#clientId;
  }

  /** What cannot be handled ends the connection: the next one asks for everything again. */
  #guarded(name: string, handle: () => void): void {
    try {
      handle();
    } catch (error) {
      this.#end(`${name}: ${errorLine(error)}`);
    }
  }
}

/** The library does not say so to its socket: a second small message then waits 40 ms. */
function withoutDelay(api: IBApi): void {
  const inside = api as unknown as {
    readonly controller?: { readonly socket?: { readonly client?: Socket } };
  };
  inside.controller?.socket?.client?.setNoDelay(true);
}
