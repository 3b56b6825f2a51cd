// What the order journal of a stopped node says, read event by event without the exec node's fold:
// to be held against what the venue remembers.

import {
  decodeFill,
  decodeOrderEvent,
  decodeOrderIntent,
  type KeyValueStore,
  MessageKind,
  messageKind,
  OrderState,
} from '@ndts/protocol';

export interface JournalOrders {
  /** Client order ids of all intents. */
  readonly intents: Set<string>;
  /** Those that were closed because the venue never received them. */
  readonly notReceived: Set<string>;
  /** Trade ids, one entry per fill event. */
  readonly trades: string[];
}

const page = 4096;

export function readJournalOrders(store: KeyValueStore): JournalOrders {
  const intents = new Set<string>();
  const unacknowledged = new Set<string>();
  const ended = new Set<string>();
  const trades: string[] = [];
  const take = (value: Uint8Array): void => {
    const kind = messageKind(value);
    if (kind === MessageKind.OrderIntent) {
      const { clientOrderId } = decodeOrderIntent(value);
      intents.add(clientOrderId);
      unacknowledged.add(clientOrderId);
    } else if (kind === MessageKind.Fill) {
      const { clientOrderId, tradeId } = decodeFill(value);
      trades.push(tradeId);
      unacknowledged.delete(clientOrderId);
    } else if (kind === MessageKind.OrderEvent) {
      const { clientOrderId, state, venueOrderId } = decodeOrderEvent(value);
      if (venueOrderId !== '') unacknowledged.delete(clientOrderId);
      if (state === OrderState.canceled || state === OrderState.expired) ended.add(clientOrderId);
    }
  };
  let from = 'exec/event/';
  for (let exclusive = false; ; exclusive = true) {
    const entries = store.scan({ prefix: 'exec/event/', from, exclusive, limit: page });
    for (const { value } of entries) take(value);
    const last = entries.at(-1);
    if (last === undefined) break;
    from = last.key;
  }
  const notReceived = new Set([...unacknowledged].filter((id) => ended.has(id)));
  return { intents, notReceived, trades };
}
