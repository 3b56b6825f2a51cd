// Many orders asked for at once. What always holds: where a venue answers about many with one list,
// it is asked once; elsewhere few questions are under way at a time, so that neither its pace nor
// ours is a matter of how many orders there are.

import type { Broker, BrokerOrderStatus } from '@ndts/protocol';

const atOnce = 8;

export type OrderStatuses = Map<string, BrokerOrderStatus>;

/** One that the venue does not know is not in the answer. */
export function askOrders(broker: Broker, ids: readonly string[]): Promise<OrderStatuses> {
  if (ids.length === 0) return Promise.resolve(new Map());
  return broker.queryOrders?.(ids) ?? askEach(ids, (id) => broker.queryOrder(id));
}

export async function askEach(
  ids: readonly string[],
  ask: (id: string) => Promise<BrokerOrderStatus | undefined>,
): Promise<OrderStatuses> {
  const found: OrderStatuses = new Map();
  for (let at = 0; at < ids.length; at += atOnce) {
    const some = ids.slice(at, at + atOnce);
    for (const status of await Promise.all(some.map(ask)))
      if (status !== undefined) found.set(status.clientOrderId, status);
  }
  return found;
}
