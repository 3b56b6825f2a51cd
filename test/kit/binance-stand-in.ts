// A spot exchange on this machine that speaks as Binance does: REST for markets, depth and recent
// trades, a WebSocket with SUBSCRIBE and streams of trades, best quotes and depth, whose updates
// carry the numbers U to u that must follow the snapshot's lastUpdateId.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

const quoteAsset = 'USDT';
const tradesKept = 1000;

interface Trade {
  readonly id: number;
  readonly price: string;
  readonly qty: string;
  readonly time: number;
  readonly isBuyerMaker: boolean;
}

class Market {
  readonly bids = new Map<string, string>();
  readonly asks = new Map<string, string>();
  readonly trades: Trade[] = [];
  updateId = 1000;
  nextTrade = 500;

  constructor() {
    for (let level = 1; level <= 5; level += 1) {
      this.bids.set((100 - level).toFixed(2), '1.00000000');
      this.asks.set((100 + level).toFixed(2), '2.00000000');
    }
  }
}

export class BinanceStandIn {
  readonly #http: Server;
  readonly #sockets = new WebSocketServer({ noServer: true });
  readonly #streams = new Map<WebSocket, Set<string>>();
  readonly #markets = new Map<string, Market>();
  readonly #names: readonly string[];
  #port = 0;
  #losesTrade = false;
  #losesDepth = false;
  isRefusing = false;
  isSilent = false;
  requests = 0;

  /** Of names like BTC: markets to USDT. */
  constructor(names: readonly string[]) {
    this.#names = names;
    for (const name of names) this.#markets.set(`${name}${quoteAsset}`, new Market());
    this.#http = createServer((request, response) => this.#answer(request, response));
    this.#http.on('upgrade', (request, socket, head) => {
      if (this.isRefusing) socket.destroy();
      else this.#sockets.handleUpgrade(request, socket, head, (client) => this.#serve(client));
    });
  }

  async start(): Promise<void> {
    this.#http.listen(0, '127.0.0.1');
    await once(this.#http, 'listening');
    this.#port = (this.#http.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    this.cut();
    this.#sockets.close();
    this.#http.closeAllConnections();
    this.#http.close();
    await once(this.#http, 'close');
  }

  /** What ccxt is told. */
  get settings(): Readonly<Record<string, unknown>> {
    const rest = `http://127.0.0.1:${this.#port}/api/v3`;
    const ws = `ws://127.0.0.1:${this.#port}/ws`;
    return {
      urls: { api: { public: rest, v1: rest, private: rest, ws: { spot: ws, margin: ws } } },
      options: { defaultType: 'spot', fetchMarkets: { types: ['spot'] }, fetchCurrencies: false },
      rateLimit: 1,
    };
  }

  get connections(): number {
    return this.#streams.size;
  }

  get streams(): string[] {
    return [...this.#streams.values()].flatMap((streams) => [...streams]);
  }

  cut(): void {
    for (const client of this.#streams.keys()) client.terminate();
  }

  loseTrade(): void {
    this.#losesTrade = true;
  }

  loseDepth(): void {
    this.#losesDepth = true;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    this.requests += 1;
    const url = new URL(request.url ?? '/', 'http://localhost');
    const market = this.#markets.get(url.searchParams.get('symbol') ?? '');
    response.setHeader('content-type', 'application/json');
    if (this.isRefusing) response.writeHead(503).end('{}');
    else if (url.pathname.endsWith('/exchangeInfo')) response.end(JSON.stringify(this.#info()));
    else if (url.pathname.endsWith('/depth') && market !== undefined)
      response.end(
        JSON.stringify({
          lastUpdateId: market.updateId,
          bids: [...market.bids].sort(([one], [other]) => Number(other) - Number(one)),
          asks: [...market.asks].sort(([one], [other]) => Number(one) - Number(other)),
        }),
      );
    else if (url.pathname.endsWith('/trades') && market !== undefined)
      response.end(JSON.stringify(market.trades.map((one) => ({ ...one, isBestMatch: true }))));
    else response.writeHead(400).end('{"code":-1121,"msg":"Invalid symbol."}');
  }

  #info(): unknown {
    const symbols = this.#names.map((name) => ({
      symbol: `${name}${quoteAsset}`,
      status: 'TRADING',
      baseAsset: name,
      baseAssetPrecision: 8,
      quoteAsset,
      quotePrecision: 8,
      quoteAssetPrecision: 8,
      orderTypes: ['LIMIT', 'MARKET'],
      isSpotTradingAllowed: true,
      isMarginTradingAllowed: false,
      permissions: ['SPOT'],
      permissionSets: [['SPOT']],
      filters: [
        { filterType: 'PRICE_FILTER', minPrice: '0.01', maxPrice: '1000000', tickSize: '0.01' },
        { filterType: 'LOT_SIZE', minQty: '0.00001', maxQty: '9000', stepSize: '0.00001' },
      ],
    }));
    return {
      timezone: 'UTC',
      serverTime: Date.now(),
      rateLimits: [],
      exchangeFilters: [],
      symbols,
    };
  }

  #serve(client: WebSocket): void {
    const streams = new Set<string>();
    this.#streams.set(client, streams);
    client.on('close', () => this.#streams.delete(client));
    client.on('message', (data: Buffer) => {
      const { method, params, id } = JSON.parse(data.toString()) as {
        method: string;
        params: string[];
        id: number;
      };
      for (const stream of params)
        if (method === 'SUBSCRIBE') streams.add(stream);
        else streams.delete(stream);
      client.send(JSON.stringify({ result: null, id }));
    });
  }

  /** A trade, a quote and a change of the book of every market; nothing while it is silent. */
  step(): void {
    if (this.isSilent) return;
    for (const [symbol, market] of this.#markets) {
      this.#send(symbol, 'trade', this.#trade(symbol, market), this.#losesTrade);
      this.#send(symbol, 'bookTicker', this.#quote(symbol, market), false);
      this.#send(symbol, 'depth', this.#depth(symbol, market), this.#losesDepth);
    }
    this.#losesTrade = false;
    this.#losesDepth = false;
  }

  #send(symbol: string, stream: string, message: unknown, isLost: boolean): void {
    if (isLost) return;
    const name = `${symbol.toLowerCase()}@${stream}`;
    for (const [client, streams] of this.#streams)
      if ([...streams].some((one) => one === name || one.startsWith(`${name}@`)))
        client.send(JSON.stringify(message));
  }

  #trade(symbol: string, market: Market): unknown {
    const id = market.nextTrade;
    market.nextTrade += 1;
    const trade = {
      id,
      price: (99 + (id % 3)).toFixed(2),
      qty: '0.50000000',
      time: Date.now(),
      isBuyerMaker: id % 2 === 0,
    };
    market.trades.push(trade);
    if (market.trades.length > tradesKept) market.trades.shift();
    const { price: p, qty: q, time: T, isBuyerMaker: m } = trade;
    return { e: 'trade', E: T, s: symbol, t: id, p, q, T, m, M: true };
  }

  #quote(symbol: string, market: Market): unknown {
    return { u: market.updateId, s: symbol, b: '99.00', B: '1.0', a: '101.00', A: '2.0' };
  }

  #depth(symbol: string, market: Market): unknown {
    const first = market.updateId + 1;
    market.updateId += 2;
    const price = (95 - (market.updateId % 4)).toFixed(2);
    const quantity = market.updateId % 3 === 0 ? '0.00000000' : '3.00000000';
    if (Number(quantity) === 0) market.bids.delete(price);
    else market.bids.set(price, quantity);
    const [U, u] = [first, market.updateId];
    return { e: 'depthUpdate', E: Date.now(), s: symbol, U, u, b: [[price, quantity]], a: [] };
  }

  /** The bids as they are now. */
  bids(name: string): Map<number, number> {
    const market = this.#markets.get(`${name}${quoteAsset}`);
    return new Map([...(market?.bids ?? [])].map(([price, q]) => [Number(price), Number(q)]));
  }
}
