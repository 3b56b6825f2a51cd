// `ndts status`: what a running node says about itself, as tables or as JSON.

import type {
  CalcStatus,
  DataStatus,
  KindStatus,
  ExecStatus,
  NodeHeartbeat,
  PositionView,
  SourceStatus,
} from '@ndts/protocol';
import { routeText } from '../screen/route-text.js';
import { strategyTable } from '../screen/strategy-table.js';
import { numberText, printable, tableText } from '../screen/table.js';
import { fetchJson, findTarget, type TargetOptions } from './running.js';

interface StatusAnswer {
  readonly data?: DataStatus | null;
  readonly calc?: CalcStatus | null;
  readonly exec?: ExecStatus | null;
}

type NodeRow = NodeHeartbeat & { readonly responseMs?: number | null; readonly detail?: string };

export interface StatusOptions extends TargetOptions {
  readonly json: boolean;
}

export async function status(options: StatusOptions, print: (text: string) => void): Promise<void> {
  const target = findTarget(options);
  const [answer, nodes, positions] = await Promise.all([
    fetchJson(target, '/api/status') as Promise<StatusAnswer>,
    fetchJson(target, '/api/nodes') as Promise<readonly NodeRow[]>,
    fetchJson(target, '/api/positions') as Promise<readonly PositionView[]>,
  ]);
  if (options.json) {
    print(JSON.stringify({ url: target.url, ...answer, nodes, positions }));
    return;
  }
  print(`NDTS at ${target.url}\n`);
  print(`${nodeTable(nodes)}\n`);
  if (answer.data) print(`${dataText(answer.data)}\n`);
  if (answer.calc) print(`${strategyTable(answer.calc.strategies)}\n`);
  if (answer.exec) print(`${execText(answer.exec)}\n`);
  print(positions.length === 0 ? 'no positions' : positionTable(positions));
}

function nodeTable(nodes: readonly NodeRow[]): string {
  return tableText(
    [
      { title: 'node' },
      { title: 'role' },
      { title: 'state' },
      { title: 'load', right: true },
      { title: 'cpu', right: true },
      { title: 'pid', right: true },
      { title: 'epoch', right: true },
      { title: 'version' },
    ],
    nodes.map((node) => [
      node.nodeId,
      node.role,
      node.state,
      node.loadScore.toFixed(2),
      node.cpu.toFixed(2),
      String(node.pid),
      node.epoch,
      node.version,
    ]),
  );
}

function dataText(data: DataStatus): string {
  const marks = data.watermarks;
  const rejected = countsText(data.rejected);
  const marked = countsText(data.marked);
  return [
    `ticks      ${numberText(Math.round(data.ticksPerSecond))}/s of ${data.symbols} symbols`,
    `accepted   ${numberText(marks.accepted)}`,
    `durable    ${numberText(marks.durable)}   ${marks.durableLagMs.toFixed(1)} ms behind`,
    `replicated ${numberText(marks.replicated)}   ${marks.replicatedLagMs.toFixed(1)} ms behind`,
    `sealed     ${numberText(marks.sealed)}   ${numberText(marks.sealedLagTicks)} ticks behind`,
    `rejected   ${rejected}`,
    `marked     ${marked}`,
    ...data.kinds.filter(({ polled }) => polled > 0).map(kindText),
    ...data.arbitration.map(sourceText),
  ].join('\n');
}

/** Of a feed beside others: which of its good ticks were the first of all. */
export function sourceText(source: SourceStatus): string {
  const { name, first, copies, repeats, late, missed, leads, failovers, behindUsP99 } = source;
  const more = { repeats, late, missed, failovers };
  const rest = countsText(more);
  return (
    `feed ${printable(name)}: first ${numberText(first)}, copies ${numberText(copies)}, ` +
    `99 % of them within ${numberText(Math.round(behindUsP99))} us, ` +
    `leads ${numberText(leads)} symbols${rest === 'none' ? '' : `; ${rest}`}`
  );
}

function kindText({ kind, rowsPerSecond, accepted, rejected, copies }: KindStatus): string {
  const refused = countsText(rejected);
  const rest =
    (refused === 'none' ? '' : `   refused: ${refused}`) +
    (copies === 0 ? '' : `   given before: ${numberText(copies)}`);
  const rate = numberText(Math.round(rowsPerSecond));
  return `${`${kind}s`.padEnd(10)} ${rate}/s   accepted ${numberText(accepted)}${rest}`;
}

function countsText(counts: Readonly<Record<string, number>>): string {
  const texts = Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([rule, count]) => `${rule} ${numberText(count)}`);
  return texts.length === 0 ? 'none' : texts.join(', ');
}

function execText(exec: ExecStatus): string {
  const latency = exec.tickToOrderUs;
  return [
    `trading    ${exec.tradingState}`,
    `since start  ${numberText(exec.signals)} signals, ${numberText(exec.orders)} orders, ` +
      `${numberText(exec.denied)} denied, ${numberText(exec.fills)} fills`,
    `orders     ${numberText(exec.openOrders)} open, ${numberText(exec.unknownOrders)} unknown`,
    ...(exec.route === undefined ? [] : [`route      ${routeText(exec.route)}`]),
    `PnL        realised ${exec.realisedPnl}, unrealised ${exec.unrealisedPnl}, fees ${exec.fees}`,
    ...otherFeeLines(exec.otherFees ?? []),
    `tick to order  p50 ${latency.p50} us, p99 ${latency.p99} us, max ${latency.max} us ` +
      `(${numberText(latency.count)} orders)`,
  ].join('\n');
}

function otherFeeLines(fees: NonNullable<ExecStatus['otherFees']>): string[] {
  return fees.map(({ currency, fees: amount, rate }) => {
    const how = rate === undefined ? 'in no sum: risk.rates has no rate' : `at ${rate}`;
    return `fees       ${amount} ${currency}, ${how}`;
  });
}

function positionTable(positions: readonly PositionView[]): string {
  return tableText(
    [
      { title: 'symbol' },
      { title: 'position', right: true },
      { title: 'average', right: true },
      { title: 'last', right: true },
      { title: 'realised', right: true },
      { title: 'unrealised', right: true },
      { title: 'fees', right: true },
    ],
    positions.map((position) => [
      position.symbolName,
      position.quantity,
      position.averagePrice,
      position.lastPrice,
      position.realisedPnl,
      position.unrealisedPnl,
      position.fees,
    ]),
  );
}
