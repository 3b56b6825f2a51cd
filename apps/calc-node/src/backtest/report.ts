// The report of a run: one HTML file that loads nothing and runs nothing. Plots of the account,
// figures, attribution, the first and last fills. Always: equal results give equal bytes.

import { moneyText, moneyToFloat, timeText, timeToMs } from '@ndts/protocol';
import { canonicalJson } from './identity.js';
import { type Bar, barPlot, escapeHtml, linePlot } from './plot.js';
import type { BacktestResult } from './result.js';
import { reportStyle } from './report-style.js';
import { type Statistics, type SymbolAttribution, timeAt } from './statistics.js';

/** Nothing is loaded and nothing is run, whatever a name may hold. */
const policy = "default-src 'none'; style-src 'unsafe-inline'";
const fillsShown = 100;
const symbolsShown = 20;
const rowsShown = 200;

function grouped(text: string): string {
  const [whole = '', fraction] = text.split('.');
  const digits = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return fraction === undefined ? digits : `${digits}.${fraction}`;
}

/** Two decimals, grouped. */
function moneyShown(text: string): string {
  return grouped(Number(text).toFixed(2));
}

function ratio(value: number | null): string {
  return value === null ? '–' : value.toFixed(2);
}

/** With so many digits that labels a step apart differ. */
export function percentOf(value: number, step: number): string {
  const digits = Math.min(8, Math.max(2, Math.ceil(-Math.log10(100 * step))));
  return `${(value * 100).toFixed(digits)} %`;
}

function percent(value: number | null): string {
  return value === null ? '–' : `${(value * 100).toFixed(2)} %`;
}

function duration(ms: number): string {
  const minutes = ms / 60_000;
  if (minutes < 1) return `${(ms / 1000).toFixed(1)} s`;
  if (minutes < 120) return `${minutes.toFixed(1)} min`;
  return minutes < 2880 ? `${(minutes / 60).toFixed(1)} h` : `${(minutes / 1440).toFixed(1)} days`;
}

function shortTime(text: string | null): string {
  return text === null ? '–' : text.slice(0, 19).replace('T', ' ');
}

function tone(text: string): string {
  const value = Number(text);
  return value > 0 ? 'good' : value < 0 ? 'bad' : '';
}

function card(name: string, value: string, className = ''): string {
  const shown = `<b class="${className}">${escapeHtml(value)}</b>`;
  return `<div class="card"><span>${name}</span>${shown}</div>`;
}

function cards(statistics: Statistics): string {
  const { total } = statistics;
  return [
    card('Profit', moneyShown(total.profit), tone(total.profit)),
    card('Return', percent(statistics.return), tone(String(statistics.return))),
    card('Drawdown', percent(statistics.maxDrawdownShare)),
    card('Sharpe', ratio(statistics.sharpe)),
    card('Sortino', ratio(statistics.sortino)),
    card('Win rate', percent(statistics.winRate)),
    card('Profit factor', ratio(statistics.profitFactor)),
    card('Fills', grouped(String(total.fills))),
  ].join('');
}

function pairs(rows: readonly (readonly [string, string])[]): string {
  const cells = rows.map(
    ([name, value]) => `<tr><th>${escapeHtml(name)}</th><td>${escapeHtml(value)}</td></tr>`,
  );
  return `<table class="pairs"><tbody>${cells.join('')}</tbody></table>`;
}

function figures(statistics: Statistics): string {
  const { total, refused } = statistics;
  const refusals = Object.entries(refused).map(([reason, count]) => `${reason} ${count}`);
  return [
    pairs([
      ['Equity at the start', moneyShown(statistics.startEquity)],
      ['Equity at the end', moneyShown(statistics.endEquity)],
      ['Realised', moneyShown(total.realised)],
      ['Unrealised', moneyShown(total.unrealised)],
      ['Fees', moneyShown(total.fees)],
      ['Borrow', moneyShown(total.borrow)],
      ['Largest drawdown', moneyShown(statistics.maxDrawdown)],
      ['Longest drawdown', duration(statistics.longestDrawdownMs)],
    ]),
    pairs([
      ['Volatility of a year', percent(statistics.volatility)],
      ['Traded', moneyShown(total.traded)],
      ['Turnover', ratio(statistics.turnover)],
      ['Mean exposure', percent(statistics.averageExposure)],
      ['Largest exposure', percent(statistics.maxExposure)],
      ['Time in the market', percent(statistics.timeInMarket)],
      ['Gains / losses', `${total.wins} / ${total.losses}`],
      ['Margin calls', String(statistics.marginCalls)],
    ]),
    pairs([
      ['Ticks', grouped(String(statistics.ticks))],
      ['From', shortTime(statistics.firstTime)],
      ['To', shortTime(statistics.lastTime)],
      ['Orders', grouped(String(statistics.orders))],
      ['Open at the end', grouped(String(statistics.openOrders))],
      ['Refused', refusals.length === 0 ? 'none' : refusals.join(', ')],
    ]),
  ].join('');
}

function plots({ curve }: BacktestResult): string {
  const { count } = curve;
  if (count === 0) return '<p class="empty">No tick, no curve.</p>';
  const times = Float64Array.from({ length: count }, (_, at) => timeToMs(timeAt(curve, at)));
  const floats = (from: BigInt64Array): Float64Array =>
    Float64Array.from({ length: count }, (_, at) => moneyToFloat(from[at]!));
  const equity = floats(curve.equity);
  const drawdown = new Float64Array(count);
  let peak = equity[0] ?? 0;
  for (let at = 0; at < count; at += 1) {
    peak = Math.max(peak, equity[at]!);
    drawdown[at] = peak > 0 ? equity[at]! / peak - 1 : 0;
  }
  const money = (value: number): string => grouped(value.toFixed(Math.abs(value) < 100 ? 2 : 0));
  return [
    linePlot({
      title: 'Equity',
      times,
      lines: [{ name: 'equity', className: 'equity', values: equity }],
      format: money,
    }),
    linePlot({
      title: 'Drawdown',
      times,
      lines: [{ name: 'drawdown', className: 'drawdown', values: drawdown, baseline: 0 }],
      format: (value, step) => percentOf(value, step),
    }),
    linePlot({
      title: 'Exposure',
      times,
      lines: [
        { name: 'gross', className: 'gross', values: floats(curve.gross), baseline: 0 },
        { name: 'net', className: 'net', values: floats(curve.net) },
      ],
      format: money,
    }),
  ].join('');
}

function table(
  titles: readonly string[],
  rows: readonly (readonly string[])[],
  texts: number,
): string {
  const head = titles.map((title, at) => `<th${at < texts ? '' : ' class="number"'}>${title}</th>`);
  const body = rows.map((row) => {
    const cells = row.map(
      (cell, at) => `<td${at < texts ? '' : ' class="number"'}>${escapeHtml(cell)}</td>`,
    );
    return `<tr>${cells.join('')}</tr>`;
  });
  const inner = `<thead><tr>${head.join('')}</tr></thead><tbody>${body.join('')}</tbody>`;
  return `<div class="wide"><table>${inner}</table></div>`;
}

function attribution(rows: readonly SymbolAttribution[]): string {
  if (rows.length === 0) return '<p class="empty">Nothing was traded.</p>';
  const sorted = rows.toSorted((a, b) => Number(b.profit) - Number(a.profit));
  const half = symbolsShown / 2;
  const extremes =
    sorted.length <= symbolsShown ? sorted : [...sorted.slice(0, half), ...sorted.slice(-half)];
  const isOne = new Set(rows.map(({ strategy }) => strategy)).size === 1;
  const bars = extremes.map((row): Bar => {
    const name = isOne ? row.symbol : `${row.symbol} ${row.strategy}`;
    return { name, value: Number(row.profit) };
  });
  const title =
    sorted.length <= symbolsShown ? 'Profit by symbol' : `Profit by symbol: best and worst ${half}`;
  const cells = sorted
    .slice(0, rowsShown)
    .map((row) => [
      row.symbol,
      row.strategy,
      ...[row.profit, row.realised, row.unrealised, row.fees, row.traded].map(moneyShown),
      grouped(String(row.fills)),
      row.quantity,
    ]);
  const titles = ['Symbol', 'Strategy', 'Profit', 'Realised', 'Unrealised', 'Fees', 'Traded'];
  return [
    barPlot(title, bars, (value) => grouped(value.toFixed(2))),
    table([...titles, 'Fills', 'Held'], cells, 2),
    sorted.length > rowsShown
      ? `<p class="note">The best ${rowsShown} of ${sorted.length}.</p>`
      : '',
  ].join('');
}

function fillRows({ fills, names, summary }: BacktestResult): string {
  if (fills.count === 0) return '';
  const all = fills.count <= 2 * fillsShown;
  const places = Array.from({ length: fills.count }, (_, at) => at);
  const shown = all ? places : [...places.slice(0, fillsShown), ...places.slice(-fillsShown)];
  const rows = shown.map((at) => {
    const fill = fills.row(at);
    return [
      timeText(fill).slice(0, 23).replace('T', ' '),
      names.get(fill.symbol) ?? String(fill.symbol),
      summary.identity.strategies[fill.strategy]?.name ?? '',
      fill.side > 0 ? 'buy' : 'sell',
      ...[fill.quantity, fill.price, fill.fee, fill.realised].map(moneyText),
      fill.isForced ? 'forced' : fill.isMaker ? 'maker' : 'taker',
    ];
  });
  const titles = ['Time', 'Symbol', 'Strategy', 'Side', 'Quantity', 'Price', 'Fee', 'Realised', ''];
  const note = all
    ? ''
    : `<p class="note">The first and the last ${fillsShown} of ${fills.count} of fills.csv.</p>`;
  return `<h2>Fills</h2>${note}${table(titles, rows, 4)}`;
}

function identityRows({ summary }: BacktestResult): string {
  const { strategies, settings, data } = summary.identity;
  return pairs([
    ['Run', summary.id],
    ['Data', data],
    ...strategies.map(({ name, version, code, parameters }): [string, string] => [
      `${name} ${version}`,
      `code ${code}, ${canonicalJson(parameters)}`,
    ]),
    ...Object.entries(settings).map(([name, value]): [string, string] => [
      name,
      typeof value === 'string' ? value : canonicalJson(value),
    ]),
  ]);
}

export function reportHtml(result: BacktestResult): string {
  const { summary } = result;
  const names = summary.identity.strategies.map(({ name }) => name).join(' + ');
  const title = `${names} · ${summary.id}`;
  return `${[
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    `<title>${escapeHtml(title)}</title><style>${reportStyle}</style></head><body><main>`,
    `<header><h1>${escapeHtml(names)}</h1><p>Backtest ${escapeHtml(summary.id)}</p></header>`,
    `<section class="cards">${cards(summary.statistics)}</section>`,
    plots(result),
    `<h2>Figures</h2><section class="columns">${figures(summary.statistics)}</section>`,
    `<h2>Attribution</h2>${attribution(summary.statistics.bySymbol)}`,
    fillRows(result),
    `<h2>Identity</h2>${identityRows(result)}`,
    '</main></body></html>',
  ].join('\n')}\n`;
}
