// The two long messages of TWS, field by field, as server version 151 writes them; what an order
// of ours does not use is empty or 0.

export type Field = string | number;

export interface TwsOrder {
  readonly number: number;
  readonly permId: number;
  readonly clientId: number;
  readonly conId: number;
  readonly symbol: string;
  readonly secType: string;
  readonly exchange: string;
  readonly currency: string;
  readonly action: string;
  quantity: number;
  readonly type: string;
  limit: number;
  /** Where a stop order becomes one at the market or at its limit. */
  readonly stop: number;
  readonly account: string;
  /** The id of whoever sent it. */
  readonly reference: string;
  status: string;
  filled: number;
  /** Quantity times price of its executions. */
  paid: number;
  words: string;
}

/** What TWS writes for a quantity that is none. */
const unset = '170141183460469231731687303715884105727';

function none(count: number): Field[] {
  return Array.from({ length: count }, () => '');
}

function zeros(count: number): Field[] {
  return Array.from({ length: count }, () => 0);
}

/** Contract, side, quantity, prices, account, reference. */
function beginning(order: TwsOrder): Field[] {
  const { conId, symbol, secType, exchange, currency, action, quantity, type } = order;
  return [
    ...[conId, symbol, secType, '', 0, '', '', exchange, currency, symbol, ''],
    ...[action, quantity, type, order.limit, order.stop, 'GTC', ''],
    ...[order.account, '', 0, order.reference],
  ];
}

/** From the volatility to the increments of a scaled order, with or without the basis points. */
function middle(hasBasisPoints: boolean): Field[] {
  return [
    ...['', 0, '', '', 0, 0, '', ''],
    ...(hasBasisPoints ? ['', ''] : []),
    ...['', 0, 0, 0, '', '', ''],
  ];
}

export function openOrderFields(order: TwsOrder): Field[] {
  return [
    ...[order.number, ...beginning(order), order.clientId, order.permId],
    // outside hours, hidden, discretionary; good after; allocation; advisors; model; good till
    ...[0, 0, 0, '', '', ...none(4), '', ''],
    // rule, offset, firm; short sale; auction; box; range; display
    ...['', '', '', 0, '', -1, 0, '', '', '', '', '', ''],
    // block, sweep, all or none, least; group type; electronic, firm, cap; parent, trigger
    ...[0, 0, 0, '', 0, 0, 0, '', 0, 0],
    ...middle(true),
    // hedge; opt out; clearing; not held; delta neutral; algorithm; solicited; what if
    ...['', 0, '', '', 0, 0, '', 0, 0],
    // status, margins before, changed and after, commissions, currency, warning
    ...[order.status, ...none(6), ...none(3), ...none(3), '', ''],
    // randomised; conditions; adjusted; tier; cash; hedge, container, discretionary, algorithm
    ...[0, 0, 0, '', '', '', '', '', '', '', 0, '', '', '', '', ...zeros(4)],
  ];
}

export function completedOrderFields(order: TwsOrder): Field[] {
  return [
    ...[...beginning(order), order.permId],
    // outside hours, hidden, discretionary; good after; advisors; model; good till
    ...[0, 0, 0, '', ...none(3), '', ''],
    // rule, offset, firm; short sale; box; range; display; sweep, all or none, least; type; trigger
    ...['', '', '', 0, '', -1, '', '', '', '', '', '', 0, 0, '', 0, 0],
    ...middle(false),
    // hedge; clearing; not held; delta neutral; algorithm; solicited; status
    ...['', '', '', 0, 0, '', 0, order.status],
    // randomised; conditions; stop and offset; cash; hedge price, container; date
    ...[0, 0, 0, '', '', '', 0, 0, ''],
    // filled; reference future; parent; shareholder; imbalance, route; parent; time, words
    ...[
      order.filled > 0 ? order.filled : unset,
      0,
      0,
      '',
      0,
      0,
      0,
      '20260105 14:30:01 UTC',
      order.words,
    ],
  ];
}
