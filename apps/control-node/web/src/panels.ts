// The panels beside the chart, each from one answer of the node.

import type { DataStatus, OrderView, PositionView, QualityView, Watermarks } from '@ndts/protocol';
import type { NodeView } from '@ndts/control-node';
import type { LiveStatus } from './connection.js';
import {
  clockTime,
  count,
  duration,
  microseconds,
  milliseconds,
  money,
  percent,
  priceText,
  shortCount,
  sign,
} from './format.js';
import { byId, type Cell, setRows, setText } from './page.js';

const silentMs = 3000;
const tones: Readonly<Record<string, string>> = {
  ACTIVE: 'good',
  running: 'good',
  STANDBY: '',
  DRAINING: 'warn',
  DEGRADED: 'warn',
  REDUCING: 'warn',
  starting: 'warn',
  'backing-off': 'warn',
  FAILED: 'bad',
  HALTED: 'bad',
  parked: 'bad',
};

export interface Summary {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

export function showStatus(status: LiveStatus): void {
  const { data, calc, exec } = status;
  setText('ticks-per-second', count(data?.ticksPerSecond));
  setText('signals', exec === null ? '–' : shortCount(calc?.signals ?? exec.signals));
  setText('order-count', exec === null ? '–' : shortCount(exec.orders));
  setText('fills', exec === null ? '–' : shortCount(exec.fills));
  setText('denied', exec === null ? '–' : shortCount(exec.denied));
  setText('realised', money(exec?.realisedPnl), sign(exec?.realisedPnl));
  setText('unrealised', money(exec?.unrealisedPnl), sign(exec?.unrealisedPnl));
  setText('fees', money(exec?.fees));
  const state = exec?.tradingState;
  setText('trading-state', state ?? 'no exec node', tones[state ?? ''] ?? '');
  byId('trading-state').title = exec?.tradingReason ?? '';
  setText(
    'open-orders',
    exec === null ? '' : `${count(exec.openOrders)} open, ${count(exec.unknownOrders)} unknown`,
  );
  showWatermarks(status.watermarks, status.agesMs.data);
  showNodes(status.nodes);
  showStrategies(status);
  showRejected(data);
}

function showWatermarks(marks: Watermarks | null, ageMs: number | null): void {
  if (marks === null) {
    setRows('watermarks', [], 'No data node has spoken yet.');
    return;
  }
  const late = (lagMs: number): string => (lagMs > 1000 ? 'warn' : '');
  const row = (name: string, title: string, ticks: number, behind: Cell): Cell[] => [
    { text: name, title },
    { text: count(ticks) },
    behind,
  ];
  const age: Cell =
    ageMs !== null && ageMs > silentMs
      ? { text: `silent for ${milliseconds(ageMs)}`, tone: 'bad' }
      : { text: '' };
  setRows(
    'watermarks',
    [
      row('accepted', 'survives kill -9', marks.accepted, age),
      row('durable', 'survives power loss', marks.durable, {
        text: milliseconds(marks.durableLagMs),
        tone: late(marks.durableLagMs),
      }),
      row('replicated', 'survives the machine', marks.replicated, {
        text: milliseconds(marks.replicatedLagMs),
        tone: late(marks.replicatedLagMs),
      }),
      row('sealed', 'in an immutable segment', marks.sealed, {
        text: `${shortCount(marks.sealedLagTicks)} ticks`,
      }),
    ],
    '',
  );
}

function showNodes(nodes: readonly NodeView[]): void {
  setRows(
    'nodes',
    nodes.map((node) => [
      { text: node.role, title: `${node.nodeId}, pid ${node.pid}, epoch ${node.epoch}` },
      { text: node.state, tone: `left ${tones[node.state] ?? ''}`, title: node.reason },
      { text: percent(node.loadScore) },
      { text: percent(node.cpu) },
      { text: node.responseMs === null ? '–' : milliseconds(node.responseMs) },
    ]),
    'No node has registered yet.',
  );
}

function showStrategies({ calc }: LiveStatus): void {
  setRows(
    'strategies',
    (calc?.strategies ?? []).map((strategy) => [
      { text: strategy.name, title: `pid ${strategy.pid ?? '-'}, ${strategy.restarts} restarts` },
      { text: strategy.state, tone: `left ${tones[strategy.state] ?? ''}`, title: strategy.reason },
      { text: shortCount(strategy.ticks) },
      { text: shortCount(strategy.signals) },
    ]),
    calc === null ? 'No calc node has spoken yet.' : 'No strategy is configured.',
  );
}

function showRejected(data: DataStatus | null): void {
  const polled = Math.max(1, data?.polled ?? 1);
  const reasons = Object.entries(data?.rejected ?? {}).filter(([, ticks]) => ticks > 0);
  setRows(
    'rejected',
    reasons.map(([reason, ticks]) => [
      { text: reason },
      { text: shortCount(ticks) },
      { text: count((ticks / polled) * 1e6) },
    ]),
    data === null ? 'No data node has spoken yet.' : 'None.',
  );
}

const qualitiesShown = 12;
const qualityTones: Readonly<Record<string, string>> = { CROSSED: 'bad', GAPPED: 'bad' };

/** Symbols whose data is not to be trusted, the newest trouble first. */
export function showQuality(views: readonly QualityView[]): void {
  const newest = [...views].sort((a, b) => a.sinceMs - b.sinceMs);
  const more = views.length - qualitiesShown;
  setText('quality-count', more > 0 ? `${qualitiesShown} of ${views.length}` : '');
  setRows(
    'quality',
    newest
      .slice(0, qualitiesShown)
      .map(({ name, state, sinceMs, reason }) => [
        { text: name },
        { text: state, tone: `left ${qualityTones[state] ?? 'warn'}`, title: reason },
        { text: duration(sinceMs) },
      ]),
    'All symbols are GOOD.',
  );
}

export function showLatency(rows: readonly (readonly [string, Summary])[]): void {
  setRows(
    'latency',
    rows.map(([name, summary]) => [
      { text: name, title: `${count(summary.count)} measured` },
      ...[summary.p50, summary.p99, summary.p999, summary.max].map((value) => ({
        text: summary.count === 0 ? '–' : microseconds(value),
      })),
    ]),
    'Nothing measured yet.',
  );
}

export function showPositions(positions: readonly PositionView[]): void {
  const open = positions.filter(({ quantity }) => Number(quantity) !== 0).length;
  setText('position-count', positions.length === 0 ? '' : `${open} open of ${positions.length}`);
  setRows(
    'positions',
    positions.map((position) => [
      { text: position.symbolName },
      { text: position.quantity, tone: sign(position.quantity) },
      { text: priceText(position.averagePrice) },
      { text: priceText(position.lastPrice) },
      { text: money(position.realisedPnl), tone: sign(position.realisedPnl) },
      { text: money(position.unrealisedPnl), tone: sign(position.unrealisedPnl) },
    ]),
    'No positions yet.',
  );
}

const badStates: ReadonlySet<string> = new Set(['denied', 'rejected', 'unknown']);

export function showOrders(orders: readonly OrderView[]): void {
  setRows(
    'orders',
    orders.map((order) => [
      { text: clockTime(order.timeMs), title: order.clientOrderId },
      { text: order.symbolName, tone: 'left' },
      { text: order.side, tone: order.side === 'buy' ? 'left good' : 'left bad' },
      { text: `${order.filled} / ${order.quantity}` },
      { text: priceText(order.averagePrice) },
      {
        text: order.state,
        tone: badStates.has(order.state) ? 'left warn' : 'left',
        title: order.reason,
      },
    ]),
    'No orders yet.',
  );
}
