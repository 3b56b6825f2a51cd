// Plots as SVG text, for a page that loads nothing. Always: equal data gives equal text; a point
// that falls between two pixels is never lost (least and greatest of each column are drawn).

import { timeFromMs, timeText } from '@ndts/protocol';

export interface Line {
  readonly name: string;
  readonly className: string;
  readonly values: Float64Array;
  /** Drawn down to this value, filled. */
  readonly baseline?: number;
}

export interface LinePlot {
  readonly title: string;
  /** Milliseconds since 1970, growing. */
  readonly times: Float64Array;
  readonly lines: readonly Line[];
  /** `step`: from one label to the next. */
  readonly format: (value: number, step: number) => string;
}

const width = 960;
const height = 260;
const left = 84;
const right = 12;
const top = 12;
const bottom = 30;
const innerWidth = width - left - right;
const innerHeight = height - top - bottom;
const gridLines = 4;

export function escapeHtml(text: string): string {
  const codes: Readonly<Record<string, string>> = { '&': 'amp', '<': 'lt', '>': 'gt', '"': 'quot' };
  return text.replace(/[&<>"]/g, (sign) => `&${codes[sign]};`);
}

interface Scale {
  readonly least: number;
  readonly most: number;
  at(value: number): number;
}

function scaleOf(least: number, most: number, from: number, to: number): Scale {
  const span = most - least;
  const at = (value: number): number =>
    span > 0 ? from + ((value - least) / span) * (to - from) : (from + to) / 2;
  return { least, most, at };
}

/** Round numbers: 1, 2 or 5 times a power of ten apart. */
function ticksOf({ least, most }: Scale): number[] {
  const span = most - least;
  if (!(span > 0)) return [least];
  const rough = span / gridLines;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= rough) ?? rough;
  const ticks: number[] = [];
  for (let at = Math.ceil(least / step); at * step <= most; at += 1) ticks.push(at * step);
  return ticks;
}

/** The rows to draw: of each pixel's rows the first, the least, the greatest and the last. */
export function drawnRows(times: Float64Array, values: Float64Array, scale: Scale): number[] {
  const rows: number[] = [];
  let row = 0;
  while (row < times.length) {
    const pixel = Math.floor(scale.at(times[row]!));
    let [least, most, last] = [row, row, row];
    const first = row;
    for (; row < times.length && Math.floor(scale.at(times[row]!)) === pixel; row += 1) {
      if (values[row]! < values[least]!) least = row;
      if (values[row]! > values[most]!) most = row;
      last = row;
    }
    rows.push(...new Set([first, least, most, last].toSorted((a, b) => a - b)));
  }
  return rows;
}

function pathOf(line: Line, times: Float64Array, x: Scale, y: Scale): string {
  const points = drawnRows(times, line.values, x).map(
    (row) => `${x.at(times[row]!).toFixed(1)},${y.at(line.values[row]!).toFixed(1)}`,
  );
  const stroke = `<polyline class="${line.className}" points="${points.join(' ')}"/>`;
  if (line.baseline === undefined || points.length === 0) return stroke;
  const base = y.at(line.baseline).toFixed(1);
  const [from, to] = [x.at(times[0]!), x.at(times.at(-1)!)].map((at) => at.toFixed(1));
  const area = `${from},${base} ${points.join(' ')} ${to},${base}`;
  return `<polygon class="${line.className} area" points="${area}"/>${stroke}`;
}

/** No more of it than tells five labels apart. */
function shownTime(text: string, spanMs: number): string {
  if (spanMs > 3 * 86_400_000) return text.slice(0, 10);
  return spanMs < 1_200_000 ? text.slice(11, 19) : text.slice(5, 16).replace('T', ' ');
}

function timeLabels(x: Scale): string {
  const spanMs = x.most - x.least;
  const labels: string[] = [];
  for (let part = 0; part <= 4; part += 1) {
    const ms = x.least + (spanMs * part) / 4;
    const text = timeText(timeFromMs(Math.floor(ms)));
    const shown = shownTime(text, spanMs);
    const anchor = part === 0 ? 'start' : part === 4 ? 'end' : 'middle';
    const at = x.at(ms).toFixed(1);
    labels.push(`<text x="${at}" y="${height - 10}" text-anchor="${anchor}">${shown}</text>`);
  }
  return labels.join('');
}

function valueLabels(y: Scale, format: LinePlot['format']): string {
  const ticks = ticksOf(y);
  const step = ticks.length < 2 ? 1 : ticks[1]! - ticks[0]!;
  return ticks
    .map((value) => {
      const at = y.at(value).toFixed(1);
      const shown = escapeHtml(format(value, step));
      const text = `<text x="${left - 8}" y="${at}" dy="4" text-anchor="end">${shown}</text>`;
      return `<line class="grid" x1="${left}" x2="${width - right}" y1="${at}" y2="${at}"/>${text}`;
    })
    .join('');
}

function boundsOf(lines: readonly Line[]): readonly [number, number] {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (const { values, baseline } of lines) {
    for (const value of values) {
      if (value < least) least = value;
      if (value > most) most = value;
    }
    if (baseline === undefined) continue;
    least = Math.min(least, baseline);
    most = Math.max(most, baseline);
  }
  return least <= most ? [least, most] : [0, 1];
}

export function linePlot({ title, times, lines, format }: LinePlot): string {
  const [least, most] = boundsOf(lines);
  const x = scaleOf(times[0] ?? 0, times.at(-1) ?? 1, left, left + innerWidth);
  const y = scaleOf(least, most, top + innerHeight, top);
  const paths = lines.map((line) => pathOf(line, times, x, y)).join('');
  const keys =
    lines.length < 2
      ? ''
      : lines.map((line) => `<span class="key ${line.className}">${line.name}</span>`).join('');
  return [
    `<figure><figcaption>${escapeHtml(title)}${keys}</figcaption>`,
    `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeHtml(title)}">`,
    valueLabels(y, format),
    timeLabels(x),
    paths,
    '</svg></figure>',
  ].join('');
}

export interface Bar {
  readonly name: string;
  readonly value: number;
}

const barHeight = 22;
const nameWidth = 140;

/** Horizontal bars from a common zero. */
export function barPlot(
  title: string,
  bars: readonly Bar[],
  format: (value: number) => string,
): string {
  const least = Math.min(0, ...bars.map(({ value }) => value));
  const most = Math.max(0, ...bars.map(({ value }) => value));
  const x = scaleOf(least, most, nameWidth, width - 110);
  const rows = bars.map(({ name, value }, at) => {
    const [from, to] = [x.at(Math.min(0, value)), x.at(Math.max(0, value))];
    const y = at * barHeight;
    const className = value < 0 ? 'loss' : 'gain';
    const label = escapeHtml(name.length > 18 ? `${name.slice(0, 17)}…` : name);
    return [
      `<text x="${nameWidth - 10}" y="${y + 15}" text-anchor="end">${label}</text>`,
      `<rect class="${className}" x="${from.toFixed(1)}" y="${y + 3}"`,
      ` width="${Math.max(1, to - from).toFixed(1)}" height="${barHeight - 6}" rx="2"/>`,
      `<text x="${width - 4}" y="${y + 15}" text-anchor="end">${escapeHtml(format(value))}</text>`,
    ].join('');
  });
  const svgHeight = Math.max(1, bars.length) * barHeight + 4;
  return [
    `<figure><figcaption>${escapeHtml(title)}</figcaption>`,
    `<svg viewBox="0 0 ${width} ${svgHeight}" role="img" aria-label="${escapeHtml(title)}">`,
    ...rows,
    '</svg></figure>',
  ].join('');
}
