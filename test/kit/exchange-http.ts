// A spot exchange on this machine that the real ccxt speaks with: one market, its orders and
// trades, told in the words of several venues (exchange-words.ts). What always holds: an order that
// arrived is there, whether its answer arrives or not.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CcxtParams, CcxtTrading } from '@ndts/exec-node';
import { type Fields, type Speech, speeches } from './exchange-words.js';

export interface HttpOrder {
  readonly id: string;
  readonly clientId: string;
  readonly side: string;
  readonly amount: string;
  readonly price: string;
  readonly ms: number;
  filled: string;
  status: 'open' | 'filled' | 'canceled';
}

type Exchange = CcxtTrading & {
  urls: Record<string, unknown>;
  options: Record<string, unknown>;
  setMarkets(markets: readonly unknown[]): unknown;
  safeMarketStructure(market: unknown): object;
};
export type ExchangeClass = new (settings: CcxtParams) => Exchange;

export class ExchangeHttp {
  readonly orders: HttpOrder[] = [];
  /** What came, as METHOD path. */
  readonly requests: string[] = [];
  /** Orders arrive, and their answers do not. */
  losesAnswers = false;
  /** What new orders are answered with in their place. */
  refusal: unknown;
  readonly #speech: Speech;
  readonly #http: Server;
  #port = 0;

  constructor(venue: string) {
    const speech = speeches[venue];
    if (speech === undefined) throw new Error(`nobody here speaks as ${venue}`);
    this.#speech = speech;
    this.#http = createServer((request, response) => {
      this.#take(request, response).catch(() => response.destroy());
    });
  }

  async start(): Promise<void> {
    this.#http.listen(0, '127.0.0.1');
    await once(this.#http, 'listening');
    this.#port = (this.#http.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    this.#http.closeAllConnections();
    this.#http.close();
    await once(this.#http, 'close');
  }

  /** All of an open order. */
  execute(clientId: string): void {
    const order = this.orders.find((one) => one.clientId === clientId);
    if (order !== undefined) Object.assign(order, { status: 'filled', filled: order.amount });
  }

  /** ccxt's exchange, which speaks with this one alone and knows its market. */
  tamed(original: ExchangeClass): new (settings: CcxtParams) => CcxtTrading {
    const base = `http://127.0.0.1:${this.#port}`;
    const { marketId, options } = this.#speech;
    return class extends original {
      constructor(settings: CcxtParams) {
        super(settings);
        this.urls['api'] = here(this.urls['api'], base);
        Object.assign(this.options, options);
        const market = { symbol: 'BTC/USDT', base: 'BTC', quote: 'USDT', type: 'spot', spot: true };
        this.setMarkets([
          {
            ...this.safeMarketStructure({}),
            ...{ ...market, id: marketId, baseId: 'BTC', quoteId: 'USDT', altname: marketId },
            ...{
              active: true,
              contract: false,
              swap: false,
              precision: { amount: 0.001, price: 0.1 },
            },
            info: { orderTypes: ['LIMIT', 'MARKET'] },
          },
        ]);
        this.has = { ...this.has, watchOrders: false };
      }
      declare has: Record<string, unknown>;
      override loadMarkets = (): Promise<unknown> => Promise.resolve(this.markets);
    };
  }

  create(clientId: string, side: string, amount: string, price: string): HttpOrder {
    const id = this.#speech.idOf(this.orders.length + 1);
    const order: HttpOrder = {
      ...{ id, clientId, side: side.toLowerCase(), amount, price, ms: Date.now() },
      ...{ filled: '0', status: 'open' },
    };
    // Who pays 100 has it.
    if (Number(price) >= 100) Object.assign(order, { status: 'filled', filled: amount });
    this.orders.push(order);
    return order;
  }

  find(id: unknown, clientId: unknown): HttpOrder | undefined {
    return this.orders.find((one) =>
      id === undefined ? one.clientId === clientId : one.id === id,
    );
  }

  cancel(id: unknown, clientId: unknown): HttpOrder | undefined {
    const order = this.find(id, clientId);
    if (order?.status !== 'open') return undefined;
    order.status = 'canceled';
    return order;
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const fields = fieldsOf(url, Buffer.concat(chunks).toString());
    const path = url.pathname.replace(/^\/+/, '');
    this.requests.push(`${request.method} ${path}`);
    const isOrder = this.#speech.isNewOrder(request.method ?? '', path);
    const answer =
      isOrder && this.refusal !== undefined
        ? this.refusal
        : this.#speech.answer(this, request.method ?? '', path, fields);
    if (isOrder && this.losesAnswers) {
      response.destroy();
      return;
    }
    const { httpCode = 200, ...body } = answer as { readonly httpCode?: number };
    response.writeHead(httpCode, { 'content-type': 'application/json' });
    response.end(JSON.stringify('list' in body ? body.list : body));
  }
}

function fieldsOf(url: URL, text: string): Fields {
  const inUrl = Object.fromEntries(url.searchParams);
  if (!/^[[{]/.test(text)) return { ...inUrl, ...Object.fromEntries(new URLSearchParams(text)) };
  const told = JSON.parse(text) as Fields | readonly Fields[];
  return { ...inUrl, ...(Array.isArray(told) ? (told[0] as Fields) : (told as Fields)) };
}

/** The addresses of a venue, all of them here. */
function here(urls: unknown, base: string): unknown {
  if (typeof urls === 'string')
    return base + new URL(urls.replace('{hostname}', 'a.b')).pathname.replace(/\/$/, '');
  if (typeof urls !== 'object' || urls === null) return urls;
  return Object.fromEntries(Object.entries(urls).map(([name, one]) => [name, here(one, base)]));
}
