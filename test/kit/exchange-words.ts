// The requests and answers of several venues about one spot market, as far as orders need them.

import type { ExchangeHttp, HttpOrder } from './exchange-http.js';

export type Fields = Readonly<Record<string, unknown>>;

export interface Speech {
  readonly marketId: string;
  readonly options: Fields;
  readonly idOf: (number: number) => string;
  readonly isNewOrder: (method: string, path: string) => boolean;
  /** `httpCode`: 200 when absent; `list`: an answer that is one. */
  readonly answer: (venue: ExchangeHttp, method: string, path: string, fields: Fields) => object;
}

const text = (value: unknown): string =>
  typeof value === 'string' ? value : String(Number(value));
const filled = ({ orders }: ExchangeHttp): HttpOrder[] =>
  orders.filter(({ status }) => status === 'filled');
const open = ({ orders }: ExchangeHttp): HttpOrder[] =>
  orders.filter(({ status }) => status === 'open');
const over = ({ orders }: ExchangeHttp): HttpOrder[] =>
  orders.filter(({ status }) => status !== 'open');
const bought = (venue: ExchangeHttp): string =>
  String(filled(venue).reduce((sum, { amount }) => sum + Number(amount), 0));

function binanceOrder({ id, clientId, side, amount, price, ms, ...order }: HttpOrder): object {
  const status = { open: 'NEW', filled: 'FILLED', canceled: 'CANCELED' }[order.status];
  return {
    ...{ symbol: 'BTCUSDT', orderId: Number(id), clientOrderId: clientId, price, origQty: amount },
    ...{ executedQty: order.filled, status, type: 'LIMIT', side: side.toUpperCase(), time: ms },
    ...{ cummulativeQuoteQty: String(Number(order.filled) * Number(price)), timeInForce: 'GTC' },
  };
}

const binance: Speech = {
  marketId: 'BTCUSDT',
  options: {},
  idOf: String,
  isNewOrder: (method, path) => method === 'POST' && path.endsWith('/order'),
  answer: (venue, method, path, fields) => {
    const { orderId, origClientOrderId } = fields;
    if (path.endsWith('/time')) return { serverTime: Date.now() };
    if (path.endsWith('/openOrders')) return { list: open(venue).map(binanceOrder) };
    if (path.endsWith('/allOrders')) return { list: venue.orders.map(binanceOrder) };
    if (path.endsWith('/account'))
      return { balances: [{ asset: 'BTC', free: bought(venue), locked: '0' }] };
    if (path.endsWith('/myTrades'))
      return {
        list: filled(venue).map(({ id, amount, price, ms, side }) => ({
          ...{ symbol: 'BTCUSDT', id: Number(id) + 70, orderId: Number(id), price, qty: amount },
          ...{ commission: '0.1', commissionAsset: 'USDT', time: ms, isBuyer: side === 'buy' },
        })),
      };
    if (method === 'POST') {
      const [id, side] = [text(fields['newClientOrderId']), text(fields['side'])];
      return binanceOrder(venue.create(id, side, text(fields['quantity']), text(fields['price'])));
    }
    const found =
      method === 'DELETE'
        ? venue.cancel(orderId, origClientOrderId)
        : venue.find(orderId, origClientOrderId);
    if (found !== undefined) return binanceOrder(found);
    return { httpCode: 400, code: -2013, msg: 'Order does not exist.' };
  },
};

function okxOrder({ id, clientId, side, amount, price, ms, ...order }: HttpOrder): object {
  const state = { open: 'live', filled: 'filled', canceled: 'canceled' }[order.status];
  return {
    ...{ instId: 'BTC-USDT', instType: 'SPOT', ordId: id, clOrdId: clientId, side, sz: amount },
    ...{ px: price, accFillSz: order.filled, state, ordType: 'limit', cTime: String(ms) },
  };
}

const okx: Speech = {
  marketId: 'BTC-USDT',
  options: {},
  idOf: (number) => `50${number}`,
  isNewOrder: (_method, path) => path.endsWith('/batch-orders'),
  answer: (venue, _method, path, { ordId, clOrdId, ...fields }) => {
    const data = (those: readonly object[]): object => ({ code: '0', msg: '', data: those });
    if (path.endsWith('/time')) return data([{ ts: String(Date.now()) }]);
    if (path.endsWith('/orders-pending')) return data(open(venue).map(okxOrder));
    if (path.endsWith('/orders-history'))
      return data(
        over(venue)
          .filter(({ status }) => status === fields['state'])
          .map(okxOrder),
      );
    if (path.endsWith('/balance'))
      return data([{ details: [{ ccy: 'BTC', eq: bought(venue), availBal: bought(venue) }] }]);
    if (path.endsWith('/fills-history'))
      return data(
        filled(venue).map(({ id, amount, price, ms, side }) => ({
          ...{ instId: 'BTC-USDT', tradeId: `7${id}`, ordId: id, fillPx: price, fillSz: amount },
          ...{ side, fee: '-0.1', feeCcy: 'USDT', ts: String(ms), execType: 'T' },
        })),
      );
    if (path.endsWith('/batch-orders')) {
      const [side, size] = [text(fields['side']), text(fields['sz'])];
      const { id, clientId } = venue.create(text(clOrdId), side, size, text(fields['px']));
      return data([{ ordId: id, clOrdId: clientId, sCode: '0', sMsg: '' }]);
    }
    const found = path.endsWith('/cancel-order')
      ? venue.cancel(ordId, clOrdId)
      : venue.find(ordId, clOrdId);
    if (found !== undefined) return data([{ ...okxOrder(found), sCode: '0' }]);
    return { code: '51603', msg: 'Order does not exist', data: [] };
  },
};

function bybitOrder({ id, clientId, side, amount, price, ms, ...order }: HttpOrder): object {
  const orderStatus = { open: 'New', filled: 'Filled', canceled: 'Cancelled' }[order.status];
  return {
    ...{ symbol: 'BTCUSDT', orderId: id, orderLinkId: clientId, price, qty: amount, orderStatus },
    ...{ side: side === 'buy' ? 'Buy' : 'Sell', cumExecQty: order.filled, orderType: 'Limit' },
    ...{ leavesQty: String(Number(amount) - Number(order.filled)), createdTime: String(ms) },
  };
}

const bybit: Speech = {
  marketId: 'BTCUSDT',
  options: { enableUnifiedAccount: true, enableUnifiedMargin: false },
  idOf: (number) => `b-${number}`,
  isNewOrder: (_method, path) => path.endsWith('/order/create'),
  answer: (venue, _method, path, { orderId, orderLinkId, ...fields }) => {
    const result = (told: object): object => ({ retCode: 0, retMsg: 'OK', result: told });
    const list = (those: readonly object[]): object => result({ list: those, category: 'spot' });
    if (path.endsWith('/time')) return { ...result({}), time: Date.now() };
    if (path.endsWith('/wallet-balance'))
      return list([
        { accountType: 'UNIFIED', coin: [{ coin: 'BTC', walletBalance: bought(venue) }] },
      ]);
    if (path.endsWith('/execution/list'))
      return list(
        filled(venue).map(({ id, amount, price, ms, side }) => ({
          ...{
            symbol: 'BTCUSDT',
            execId: `x${id}`,
            orderId: id,
            execPrice: price,
            execQty: amount,
          },
          ...{ side: side === 'buy' ? 'Buy' : 'Sell', execFee: '0.1', execTime: String(ms) },
          ...{ execType: 'Trade', feeCurrency: 'USDT', isMaker: false },
        })),
      );
    if (path.endsWith('/order/create')) {
      const [side, size] = [text(fields['side']), text(fields['qty'])];
      const { id, clientId } = venue.create(text(orderLinkId), side, size, text(fields['price']));
      return result({ orderId: id, orderLinkId: clientId });
    }
    if (path.endsWith('/order/history')) return list(over(venue).map(bybitOrder));
    if (path.endsWith('/order/realtime')) {
      // Asked for no order, it lists the open ones.
      if (orderId === undefined && orderLinkId === undefined)
        return list(open(venue).map(bybitOrder));
      const found = venue.find(orderId, orderLinkId);
      return list(found === undefined ? [] : [bybitOrder(found)]);
    }
    const canceled = venue.cancel(orderId, orderLinkId);
    if (canceled !== undefined) return result({ orderId: canceled.id });
    return { retCode: 170213, retMsg: 'Order does not exist.', result: {} };
  },
};

function krakenOrder({ clientId, side, amount, price, ms, ...order }: HttpOrder): object {
  const status = { open: 'open', filled: 'closed', canceled: 'canceled' }[order.status];
  return {
    ...{ status, opentm: ms / 1000, vol: amount, vol_exec: order.filled, cl_ord_id: clientId },
    descr: { pair: 'BTCUSDT', type: side, ordertype: 'limit', price },
  };
}

const kraken: Speech = {
  marketId: 'BTCUSDT',
  options: {},
  idOf: (number) => `OQ-${number}`,
  isNewOrder: (_method, path) => path.endsWith('/AddOrder'),
  answer: (venue, _method, path, { txid, cl_ord_id, ...fields }) => {
    const result = (told: object): object => ({ error: [], result: told });
    const byId = (those: readonly HttpOrder[]): object =>
      Object.fromEntries(those.map((one) => [one.id, krakenOrder(one)]));
    if (path.endsWith('/Time')) return result({ unixtime: Math.floor(Date.now() / 1000) });
    if (path.endsWith('/OpenOrders')) return result({ open: byId(open(venue)) });
    if (path.endsWith('/ClosedOrders')) return result({ closed: byId(over(venue)) });
    if (path.endsWith('/BalanceEx')) return result({ BTC: { balance: bought(venue) } });
    if (path.endsWith('/TradesHistory'))
      return result({
        trades: Object.fromEntries(
          filled(venue).map(({ id, amount, price, ms, side }) => [
            `T${id}`,
            {
              ...{ ordertxid: id, pair: 'BTCUSDT', time: ms / 1000, type: side, price },
              ...{ ordertype: 'limit', vol: amount, fee: '0.1', cost: '1' },
            },
          ]),
        ),
      });
    if (path.endsWith('/AddOrder')) {
      const [side, size] = [text(fields['type']), text(fields['volume'])];
      const { id } = venue.create(text(cl_ord_id), side, size, text(fields['price']));
      return result({ descr: { order: 'buy' }, txid: [id] });
    }
    if (path.endsWith('/QueryOrders')) {
      if (fields['userref'] !== undefined) return { error: ['EGeneral:Invalid arguments:userref'] };
      const found = venue.find(txid, undefined);
      return found === undefined ? { error: ['EOrder:Invalid order'] } : result(byId([found]));
    }
    const canceled = venue.cancel(txid, cl_ord_id);
    return canceled === undefined ? { error: ['EOrder:Unknown order'] } : result({ count: 1 });
  },
};

function coinbaseOrder({ id, clientId, side, amount, price, ms, ...order }: HttpOrder): object {
  const status = { open: 'OPEN', filled: 'FILLED', canceled: 'CANCELLED' }[order.status];
  return {
    ...{ order_id: id, client_order_id: clientId, product_id: 'BTC-USDT', status },
    ...{ side: side.toUpperCase(), order_type: 'LIMIT', created_time: new Date(ms).toISOString() },
    ...{ filled_size: order.filled, total_fees: '0.1' },
    order_configuration: { limit_limit_gtc: { base_size: amount, limit_price: price } },
  };
}

const coinbase: Speech = {
  marketId: 'BTC-USDT',
  options: {},
  idOf: (number) => `c-${number}`,
  isNewOrder: (method, path) => method === 'POST' && path.endsWith('/brokerage/orders'),
  answer: (venue, method, path, fields) => {
    if (path.endsWith('/time')) return { data: { epoch: Math.floor(Date.now() / 1000) } };
    if (path.endsWith('/historical/fills'))
      return {
        fills: filled(venue).map(({ id, amount, price, ms, side }) => ({
          ...{ trade_id: `f${id}`, order_id: id, product_id: 'BTC-USDT', price, size: amount },
          ...{ side: side.toUpperCase(), commission: '0.1', size_in_quote: false },
          trade_time: new Date(ms).toISOString(),
        })),
      };
    if (path.endsWith('/historical/batch')) {
      const isOpen = fields['order_status'] === 'OPEN';
      return { orders: (isOpen ? open(venue) : venue.orders).map(coinbaseOrder) };
    }
    if (path.endsWith('/batch_cancel')) {
      const [id] = fields['order_ids'] as readonly string[];
      return { results: [{ success: venue.cancel(id, undefined) !== undefined, order_id: id }] };
    }
    if (method === 'POST') {
      const { limit_limit_gtc: limit = {} } = fields['order_configuration'] as Record<
        string,
        Fields
      >;
      const [id, side] = [text(fields['client_order_id']), text(fields['side'])];
      const made = venue.create(id, side, text(limit['base_size']), text(limit['limit_price']));
      return { success: true, success_response: { order_id: made.id, client_order_id: id } };
    }
    if (path.endsWith('/accounts')) {
      const balance = { amount: bought(venue), currency: 'BTC' };
      return { data: [{ type: 'wallet', balance, currency: { code: 'BTC' } }] };
    }
    const found = venue.find(path.slice(path.lastIndexOf('/') + 1), undefined);
    return found === undefined
      ? { httpCode: 404, error: 'NOT_FOUND' }
      : { order: coinbaseOrder(found) };
  },
};

export const speeches: Readonly<Record<string, Speech>> = { binance, okx, bybit, kraken, coinbase };
