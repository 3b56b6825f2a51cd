// Feeds of what the exec node tells on the bus: changes of orders, and the account.

import {
  type Bus,
  type ExecStatus,
  type OrderView,
  type PositionView,
  subjects,
} from '@ndts/protocol';
import { LatestFeed } from './latest-feed.js';

const ordersMax = 1000;

export function orderFeed(bus: Bus): LatestFeed<OrderView> {
  return new LatestFeed({
    keyOf: (order) => order.clientOrderId,
    symbolOf: (order) => order.symbol,
    messageOf: (orders) => ({ type: 'orders', orders }),
    keptMax: ordersMax,
    begin: (take) =>
      bus.subscribe(subjects.orderEvent, ({ payload }) => take([payload as OrderView])),
  });
}

/** Money and what is held, as it was at one time; decimal texts. */
export interface AccountView {
  readonly timeMs: number;
  readonly tradingState: ExecStatus['tradingState'];
  readonly tradingReason: string;
  readonly openOrders: number;
  readonly realisedPnl: string;
  readonly unrealisedPnl: string;
  readonly fees: string;
  readonly positions: readonly PositionView[];
}

/** With the first status after it begins, then when something of it changed. */
export function accountFeed(bus: Bus): LatestFeed<AccountView> {
  return new LatestFeed({
    keyOf: () => 'account',
    symbolOf: () => undefined,
    messageOf: (accounts) => ({ type: 'account', account: accounts.at(-1) }),
    keptMax: 1,
    begin: (take) => watchAccount(bus, take),
  });
}

function watchAccount(bus: Bus, take: (accounts: readonly AccountView[]) => void): () => void {
  let before = '';
  let ended = false;
  let asking = false;
  const look = async (status: ExecStatus): Promise<void> => {
    const positions = (await bus.request(subjects.execPositions, undefined)) as PositionView[];
    const { tradingState, tradingReason = '', openOrders } = status;
    const { realisedPnl, unrealisedPnl, fees } = status;
    const money = { realisedPnl, unrealisedPnl, fees };
    const parts = { tradingState, tradingReason, openOrders, ...money, positions };
    const text = JSON.stringify(parts);
    if (ended || text === before) return;
    before = text;
    take([{ timeMs: status.timeMs, ...parts }]);
  };
  const end = bus.subscribe(subjects.execStatus, ({ payload }) => {
    if (asking) return;
    asking = true;
    look(payload as ExecStatus)
      .catch(() => undefined) // The exec node is busy, or ends: the next status asks again.
      .finally(() => {
        asking = false;
      });
  });
  return () => {
    ended = true;
    end();
  };
}
