// Changes of orders as the bus tells them, for clients of streams. Each change is one message; a
// client that is behind gets the latest view of each order that changed meanwhile.

import { type Bus, type OrderView, subjects } from '@ndts/protocol';
import type { ClientSubscription, StreamClient } from './client.js';

const ordersMax = 1000;

class OrderMember implements ClientSubscription {
  readonly client: StreamClient;
  readonly id: number;
  behind: number | undefined;
  readonly #feed: OrderFeed;

  constructor(feed: OrderFeed, client: StreamClient, id: number) {
    this.#feed = feed;
    this.client = client;
    this.id = id;
  }

  catchUp(): void {
    this.#feed.catchUp(this);
  }

  close(): void {
    this.#feed.leave(this);
  }
}

export class OrderFeed {
  readonly #bus: Bus;
  readonly #members = new Set<OrderMember>();
  /** The newest views, oldest change first. */
  readonly #orders = new Map<string, { readonly change: number; readonly view: OrderView }>();
  #change = 0;
  #end: (() => void) | undefined;

  constructor(bus: Bus) {
    this.#bus = bus;
  }

  join(client: StreamClient, id: number): ClientSubscription {
    const member = new OrderMember(this, client, id);
    this.#members.add(member);
    this.#end ??= this.#bus.subscribe(subjects.orderEvent, ({ payload }) =>
      this.#take(payload as OrderView),
    );
    return member;
  }

  leave(member: OrderMember): void {
    this.#members.delete(member);
    if (this.#members.size > 0) return;
    this.#end?.();
    this.#end = undefined;
    this.#orders.clear();
  }

  catchUp(member: OrderMember): void {
    const { behind } = member;
    member.behind = undefined;
    if (behind === undefined) return;
    const views = [...this.#orders.values()].filter(({ change }) => change > behind);
    send(
      member,
      views.map(({ view }) => view),
      true,
    );
  }

  #take(view: OrderView): void {
    this.#change += 1;
    this.#orders.delete(view.clientOrderId);
    this.#orders.set(view.clientOrderId, { change: this.#change, view });
    const [oldest] = this.#orders.keys();
    if (this.#orders.size > ordersMax && oldest !== undefined) this.#orders.delete(oldest);
    for (const member of this.#members) {
      if (member.behind !== undefined) continue;
      if (member.client.canTake()) send(member, [view], false);
      else member.behind = this.#change - 1;
    }
  }
}

function send({ client, id }: OrderMember, orders: readonly OrderView[], conflated: boolean): void {
  const mark = conflated ? { conflated } : {};
  client.sendText(JSON.stringify({ type: 'orders', id, ...mark, orders }));
}
