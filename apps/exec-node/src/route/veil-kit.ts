// For tests of reconciliation: a venue that does not tell all it has.

import { type BrokerOrderStatus, type BrokerPosition, type Fill, Holding } from '@ndts/protocol';
import type { HarnessOptions } from '../exec-kit.js';

export const symbols = [1, 2];

type Traded = Pick<Fill, 'symbol' | 'side' | 'quantity' | 'price' | 'time'>;

/** A venue on which others trade, too, and that keeps to itself what it should tell. */
export class Veil {
  /** Executions that nobody is told. */
  readonly hidden = new Set<string>();
  /** Of orders that are not ours. */
  readonly others: Fill[] = [];
  /** In what it has, the order of executions. */
  readonly all: Fill[] = [];
  hides: (fill: Fill) => boolean = () => false;

  /** Between a node and its paper venue. */
  readonly wrap: NonNullable<HarnessOptions['wrap']> = (broker) => {
    const connect = broker.connect.bind(broker);
    broker.connect = (listener) =>
      connect({
        onOrderUpdate: (update) => listener.onOrderUpdate(update),
        onFill: (fill) => {
          if (!this.all.some(({ tradeId }) => tradeId === fill.tradeId)) this.all.push(fill);
          if (this.hides(fill)) this.hidden.add(fill.tradeId);
          if (!this.hidden.has(fill.tradeId)) listener.onFill(fill);
        },
      });
    broker.queryFills = async () => this.all.filter(({ tradeId }) => !this.hidden.has(tradeId));
    broker.queryPositions = async () => this.positions();
    const [open, one] = [broker.queryOpenOrders.bind(broker), broker.queryOrder.bind(broker)];
    broker.queryOpenOrders = async () => (await open()).map((status) => this.#valued(status));
    broker.queryOrder = async (id) => {
      const status = await one(id);
      return status === undefined ? undefined : this.#valued(status);
    };
    return broker;
  };

  trade(tradeId: string, fill: Traded): void {
    const whole = { ...fill, venue: 'paper', tradeId, clientOrderId: 'web', fee: 0n };
    this.others.push(whole);
    this.all.push(whole);
    this.hidden.add(tradeId);
  }

  /** By the executions it knows, told or not. */
  holding(symbol: number): Holding {
    const holding = new Holding(symbol);
    for (const fill of this.all)
      if (fill.symbol === symbol) holding.execute(fill.side, fill.quantity, fill.price, fill.fee);
    return holding;
  }

  positions(): BrokerPosition[] {
    return symbols.map((symbol) => {
      const { quantity, averagePrice } = this.holding(symbol);
      return { symbol, quantity, averagePrice };
    });
  }

  #valued(status: BrokerOrderStatus): BrokerOrderStatus {
    let [quantity, value] = [0n, 0n];
    for (const fill of this.all) {
      if (fill.clientOrderId !== status.clientOrderId) continue;
      quantity += fill.quantity;
      value += fill.quantity * fill.price;
    }
    return quantity === 0n ? status : { ...status, averagePrice: value / quantity };
  }
}
