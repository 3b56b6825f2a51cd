// The dashboard: wires the live connection and a few slow requests to the chart and the panels.

import type { OrderView, PositionView, QualityView, SymbolInfo } from '@ndts/protocol';
import { get, post } from './api.js';
import { leaveFor } from './leave.js';
import { PriceChart } from './chart.js';
import { Connection, type LiveMessage } from './connection.js';
import { price } from './format.js';
import { byId, setText } from './page.js';
import {
  showLatency,
  showOrders,
  showPositions,
  showQuality,
  showStatus,
  type Summary,
} from './panels.js';
import { setUpTrading, showTradingState } from './trading.js';

const ordersShown = 60;
const ordersOfSymbol = 200;

const chart = new PriceChart(byId('chart'));
const picker = byId<HTMLSelectElement>('symbol');
let symbols: readonly SymbolInfo[] = [];
let selected: number | undefined;
let orders: readonly OrderView[] = [];
let symbolOrders: readonly OrderView[] = [];

const refreshes = [
  refreshSymbols,
  refreshOrders,
  refreshPositions,
  refreshLatency,
  refreshQuality,
] as const;

let connection: Connection | undefined;
let mayTrade = false;

function connect(): Connection {
  return new Connection({
    message: onMessage,
    opened: () => {
      for (const refresh of refreshes) quietly(refresh());
    },
    trouble: (text) => {
      const banner = byId('banner');
      banner.hidden = text === undefined;
      if (text !== undefined) banner.textContent = text;
      setText('connection', text === undefined ? 'live' : 'not connected', text ? 'bad' : 'good');
    },
  });
}

function onMessage(message: LiveMessage): void {
  switch (message.type) {
    case 'status':
      showStatus(message);
      showTradingState(message.exec?.tradingState, mayTrade);
      break;
    case 'orders':
      takeOrders(message.orders);
      break;
    case 'chart':
      if (message.symbol !== selected) break;
      if (message.history) chart.setHistory(message.points);
      else chart.add(message.points);
      showPrice();
      break;
  }
}

function showPrice(): void {
  const last = chart.last;
  byId('chart-empty').hidden = chart.count > 0;
  setText('price', price(last?.price));
  const value = last?.value;
  setText('percent-b', value === null || value === undefined ? '' : `%B ${value.toFixed(2)}`);
  // For whoever looks from outside (tests, screen readers): what is drawn.
  byId('chart').dataset['points'] = String(chart.count);
  byId('chart').dataset['marks'] = String(chart.markCount);
  byId('chart').dataset['bands'] = String(last?.upper !== null && last?.upper !== undefined);
}

/** Newest first, one row per order, the latest view of each. */
function merged(
  fresh: readonly OrderView[],
  known: readonly OrderView[],
  limit: number,
): readonly OrderView[] {
  const byOrderId = new Map(known.map((order) => [order.clientOrderId, order]));
  for (const order of fresh) byOrderId.set(order.clientOrderId, order);
  return [...byOrderId.values()].sort((a, b) => b.timeMs - a.timeMs).slice(0, limit);
}

function takeOrders(fresh: readonly OrderView[]): void {
  orders = merged(fresh, orders, ordersShown);
  showOrders(orders);
  const ofSymbol = fresh.filter(({ symbol }) => symbol === selected);
  if (ofSymbol.length === 0) return;
  symbolOrders = merged(ofSymbol, symbolOrders, ordersOfSymbol);
  chart.setOrders(symbolOrders);
}

async function refreshOrders(): Promise<void> {
  takeOrders(await get<OrderView[]>(`/api/orders?limit=${ordersShown}`));
  if (selected !== undefined) await refreshSymbolOrders(selected);
}

async function refreshSymbolOrders(symbol: number): Promise<void> {
  const path = `/api/orders?limit=${ordersOfSymbol}&symbol=${symbol}`;
  const answer = await get<OrderView[]>(path);
  if (symbol !== selected) return;
  symbolOrders = merged(answer, symbolOrders, ordersOfSymbol);
  chart.setOrders(symbolOrders);
}

async function refreshPositions(): Promise<void> {
  showPositions(await get<PositionView[]>('/api/positions'));
}

async function refreshQuality(): Promise<void> {
  showQuality(await get<QualityView[]>('/api/quality'));
}

const latencyNames: Readonly<Record<string, string>> = {
  tickToSignal: 'tick to signal',
  tickToOrder: 'tick to order',
  signalToOrder: 'signal to order',
};

async function refreshLatency(): Promise<void> {
  type Part = Readonly<Record<string, { readonly summaryUs: Summary }>> | null;
  const { calc, exec } = await get<{ calc: Part; exec: Part }>('/api/latency');
  const rows = [...Object.entries(calc ?? {}), ...Object.entries(exec ?? {})];
  showLatency(rows.map(([name, { summaryUs }]) => [latencyNames[name] ?? name, summaryUs]));
}

async function refreshSymbols(): Promise<void> {
  const answer = await get<SymbolInfo[]>('/api/symbols?limit=1000');
  if (answer.length === 0) return;
  const same =
    answer.length === symbols.length && answer.every(({ id }, index) => id === symbols[index]?.id);
  symbols = answer;
  if (!same) {
    picker.replaceChildren(...answer.map(({ id, name }) => new Option(name, String(id))));
    picker.disabled = false;
  }
  if (selected === undefined) {
    const wanted = answer.find(({ name }) => name === decodeURIComponent(location.hash.slice(1)));
    select((wanted ?? answer[0])?.id);
  } else picker.value = String(selected);
}

function select(symbol: number | undefined): void {
  if (symbol === undefined || symbol === selected) return;
  selected = symbol;
  symbolOrders = [];
  picker.value = String(symbol);
  const name = symbols.find(({ id }) => id === symbol)?.name ?? '';
  history.replaceState(null, '', `#${encodeURIComponent(name)}`);
  chart.clear();
  showPrice();
  connection?.subscribe(symbol);
  quietly(refreshSymbolOrders(symbol));
}

/** A failed refresh is tried again by its timer; the banner already says what is wrong. */
function quietly(work: Promise<unknown>): void {
  work.catch(() => undefined);
}

function every(intervalMs: number, work: () => Promise<unknown>): void {
  setInterval(() => quietly(work()), intervalMs);
}

/** Without a session this ends at the login page before anything else is asked. */
async function start(): Promise<void> {
  const { name, role } = await get<{ name: string; role: string }>('/api/session');
  setText('who', name);
  byId('who').title = role;
  mayTrade = role === 'trader' || role === 'admin';
  setUpTrading(mayTrade);
  connection = connect();
  every(1000, refreshPositions);
  every(2000, refreshLatency);
  every(2000, refreshQuality);
  every(5000, refreshOrders);
  every(5000, refreshSymbols);
}

picker.addEventListener('change', () => select(Number(picker.value)));
byId('logout').addEventListener('click', () => {
  quietly(post('/api/logout').then(() => leaveFor('/login')));
});
showOrders([]);
showPositions([]);
showLatency([]);
start().catch(() => setText('connection', 'cannot start; load the page again', 'bad'));
