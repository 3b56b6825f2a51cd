// The one table of legal order transitions. Everything that changes an order's state asks it;
// docs/protocol/orders.md is drawn from it and a test compares the two. What always holds: an event
// that the table does not list is refused by the caller, logged and counted, never applied.

import { OrderState, OrderStateNames, type OrderStateName } from '@ndts/protocol';

/** What can happen to an order. */
export const orderEvents = [
  'intend',
  'deny',
  'hold',
  'submit',
  'accept',
  'reject',
  'fill',
  'complete',
  'trigger',
  'requestReplace',
  'replace',
  'requestCancel',
  'cancel',
  'expire',
  'lose',
] as const;
export type OrderEventName = (typeof orderEvents)[number];

type Row = Partial<Record<OrderEventName, OrderStateName>>;

/** Any answer may be the first one: fills can overtake the acknowledgement. */
const answers: Row = {
  accept: 'accepted',
  reject: 'rejected',
  fill: 'partiallyFilled',
  complete: 'filled',
  trigger: 'triggered',
  requestCancel: 'pendingCancel',
  cancel: 'canceled',
  expire: 'expired',
  lose: 'unknown',
};

/** It works, and may be changed or ended. */
function working(state: OrderStateName, fill: OrderStateName): Row {
  return {
    accept: state,
    fill,
    complete: 'filled',
    requestReplace: 'pendingReplace',
    replace: state,
    requestCancel: 'pendingCancel',
    cancel: 'canceled',
    expire: 'expired',
    lose: 'unknown',
  };
}

/** The venue ended the order, but an execution or an acknowledgement may still be on its way. */
function endedAs(state: OrderStateName): Row {
  return { accept: state, fill: 'partiallyFilled', complete: 'filled' };
}

export const orderTransitions: Readonly<Record<OrderStateName, Row>> = {
  initialized: { intend: 'intended', deny: 'denied', hold: 'emulated' },
  denied: {},
  intended: { ...answers, submit: 'submitted' },
  submitted: answers,
  accepted: { ...working('accepted', 'partiallyFilled'), trigger: 'triggered' },
  rejected: {},
  partiallyFilled: working('partiallyFilled', 'partiallyFilled'),
  filled: { accept: 'filled' },
  pendingCancel: {
    accept: 'accepted',
    reject: 'rejected',
    fill: 'partiallyFilled',
    complete: 'filled',
    trigger: 'pendingCancel',
    replace: 'pendingCancel',
    requestCancel: 'pendingCancel',
    cancel: 'canceled',
    expire: 'expired',
    lose: 'unknown',
  },
  canceled: { ...endedAs('canceled'), cancel: 'canceled' },
  expired: { ...endedAs('expired'), expire: 'expired' },
  unknown: { ...answers, replace: 'accepted' },
  emulated: {
    fill: 'emulated',
    complete: 'filled',
    trigger: 'triggered',
    replace: 'emulated',
    requestCancel: 'pendingCancel',
    cancel: 'canceled',
    expire: 'expired',
    reject: 'rejected',
  },
  triggered: {
    ...working('triggered', 'partiallyFilled'),
    trigger: 'triggered',
    reject: 'rejected',
  },
  pendingReplace: {
    accept: 'accepted',
    reject: 'rejected',
    fill: 'pendingReplace',
    complete: 'filled',
    trigger: 'pendingReplace',
    replace: 'accepted',
    requestCancel: 'pendingCancel',
    cancel: 'canceled',
    expire: 'expired',
    lose: 'unknown',
  },
};

const eventNumber = new Map(orderEvents.map((name, index) => [name, index]));
const columns = orderEvents.length;
const lookup = buildLookup();

function buildLookup(): Uint8Array {
  const table = new Uint8Array(columns * (Object.keys(OrderState).length + 1));
  for (const [from, row] of Object.entries(orderTransitions))
    for (const [event, to] of Object.entries(row))
      table[
        OrderState[from as OrderStateName] * columns +
          (eventNumber.get(event as OrderEventName) ?? 0)
      ] = OrderState[to];
  return table;
}

/** The state after the event; 0 when the event is illegal. */
export function nextState(from: OrderState, event: OrderEventName): OrderState | 0 {
  return (lookup[from * columns + (eventNumber.get(event) ?? 0)] ?? 0) as OrderState | 0;
}

/** The event by which a broker's word about a state arrives; undefined: it tells of fills, which
 * come as fills. */
export function eventOfState(state: OrderState): OrderEventName | undefined {
  switch (state) {
    case OrderState.submitted:
      return 'submit';
    case OrderState.accepted:
      return 'accept';
    case OrderState.rejected:
      return 'reject';
    case OrderState.pendingCancel:
      return 'requestCancel';
    case OrderState.canceled:
      return 'cancel';
    case OrderState.expired:
      return 'expire';
    case OrderState.unknown:
      return 'lose';
    case OrderState.triggered:
      return 'trigger';
    case OrderState.pendingReplace:
      return 'requestReplace';
    default:
      return undefined;
  }
}

/** Once in one of these an order has no open quantity any more, for ever. */
export function isFinal(state: OrderState): boolean {
  return (
    state === OrderState.denied ||
    state === OrderState.rejected ||
    state === OrderState.filled ||
    state === OrderState.canceled ||
    state === OrderState.expired
  );
}

/** The mermaid text of docs/protocol/orders.md, from the table. */
export function orderDiagram(): string {
  const lines = ['stateDiagram-v2', '  [*] --> initialized'];
  for (const from of Object.values(OrderStateNames)) {
    const byTarget = new Map<string, string[]>();
    for (const event of orderEvents) {
      const to = orderTransitions[from][event];
      if (to !== undefined) byTarget.set(to, [...(byTarget.get(to) ?? []), event]);
    }
    for (const [to, events] of byTarget) lines.push(`  ${from} --> ${to}: ${events.join(', ')}`);
  }
  for (const state of Object.values(OrderStateNames))
    if (isFinal(OrderState[state])) lines.push(`  ${state} --> [*]`);
  return lines.join('\n');
}

/** The same as a table: a row per state, a column per event. */
export function orderTable(): string {
  const lines = [
    `| from \\ event | ${orderEvents.join(' | ')} |`,
    `| --- |${' --- |'.repeat(columns)}`,
  ];
  for (const from of Object.values(OrderStateNames)) {
    const cells = orderEvents.map((event) => orderTransitions[from][event] ?? '');
    lines.push(`| **${from}** | ${cells.join(' | ')} |`);
  }
  return lines.join('\n');
}
