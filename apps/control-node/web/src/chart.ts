// The price chart: price, Bollinger bands and order marks of one symbol. Points are folded into
// tenths of a second (the last value wins), which bounds the work whatever the tick rate.

import type { ChartPoint, OrderView } from '@ndts/protocol';
import type { IChartApi, ISeriesApi, SeriesMarker, Time } from 'lightweight-charts';
import {
  ColorType,
  createChart,
  createSeriesMarkers,
  CrosshairMode,
  LineSeries,
  LineStyle,
} from '/vendor/lightweight-charts.js';
import { clockTime, decimalsOf } from './format.js';

interface Bucket {
  readonly time: number;
  readonly point: ChartPoint;
}

type Line = ISeriesApi<'Line'>;

const bucketMs = 100;
const bucketsPerSecond = 10;
const keptBuckets = 3000;
const marksMax = 200;
const colors = {
  price: '#5b9bff',
  band: '#9a7bff',
  middle: '#8492a3',
  buy: '#2fbf8a',
  sell: '#f2566a',
} as const;

export class PriceChart {
  readonly #chart: IChartApi;
  readonly #price: Line;
  readonly #upper: Line;
  readonly #middle: Line;
  readonly #lower: Line;
  readonly #marks: { setMarkers(marks: SeriesMarker<Time>[]): void };
  #buckets: Bucket[] = [];
  #orders: readonly OrderView[] = [];
  #decimals = -1;

  constructor(container: HTMLElement) {
    this.#chart = createChart(container, {
      autoSize: true,
      layout: {
        background: { type: ColorType.Solid, color: '#121922' },
        textColor: '#8492a3',
        fontSize: 11,
        attributionLogo: true,
      },
      grid: { vertLines: { color: '#1a232f' }, horzLines: { color: '#1a232f' } },
      crosshair: { mode: CrosshairMode.Normal },
      rightPriceScale: { borderColor: '#222d3a', minimumWidth: 72 },
      timeScale: {
        borderColor: '#222d3a',
        timeVisible: true,
        secondsVisible: true,
        rightOffset: 8,
        barSpacing: 3,
        minBarSpacing: 0.2,
        tickMarkFormatter: (time: Time) => clockTime(Number(time) * 1000),
      },
      localization: { timeFormatter: (time: Time) => clockTime(Number(time) * 1000) },
    });
    this.#upper = this.#line(colors.band, 1, LineStyle.Solid);
    this.#lower = this.#line(colors.band, 1, LineStyle.Solid);
    this.#middle = this.#line(colors.middle, 1, LineStyle.Dashed);
    this.#price = this.#line(colors.price, 2, LineStyle.Solid);
    this.#price.applyOptions({ lastValueVisible: true, priceLineVisible: true });
    this.#marks = createSeriesMarkers(this.#price, []);
  }

  /** How many points are drawn. */
  get count(): number {
    return this.#buckets.length;
  }

  get last(): ChartPoint | undefined {
    return this.#buckets.at(-1)?.point;
  }

  clear(): void {
    this.#buckets = [];
    this.#orders = [];
    this.#decimals = -1;
    this.#draw();
  }

  /** The whole history of a symbol, in place of what was shown. */
  setHistory(points: readonly ChartPoint[]): void {
    this.#buckets = [];
    for (const point of points) this.#fold(point);
    this.#draw();
    this.#chart.timeScale().scrollToRealTime();
  }

  add(points: readonly ChartPoint[]): void {
    for (const point of points) {
      const bucket = this.#fold(point);
      if (bucket !== undefined) this.#update(bucket);
    }
    if (this.#buckets.length > 2 * keptBuckets) {
      this.#buckets = this.#buckets.slice(-keptBuckets);
      this.#draw();
    } else this.#drawMarks();
  }

  /** Orders of this symbol, newest first. */
  setOrders(orders: readonly OrderView[]): void {
    this.#orders = orders;
    this.#drawMarks();
  }

  #line(color: string, lineWidth: 1 | 2, lineStyle: LineStyle): Line {
    return this.#chart.addSeries(LineSeries, {
      color,
      lineWidth,
      lineStyle,
      lastValueVisible: false,
      priceLineVisible: false,
      crosshairMarkerVisible: false,
    });
  }

  /** undefined for a point older than the last bucket: the chart only grows to the right. */
  #fold(point: ChartPoint): Bucket | undefined {
    const bucket = { time: bucketTime(point.timeMs), point };
    const lastTime = this.#buckets.at(-1)?.time ?? -1;
    if (bucket.time < lastTime) return undefined;
    if (bucket.time === lastTime) this.#buckets.pop();
    this.#buckets.push(bucket);
    return bucket;
  }

  #update({ time, point }: Bucket): void {
    this.#setDecimals(point.price);
    const at = time as Time & number;
    this.#price.update({ time: at, value: point.price });
    this.#upper.update(valueAt(at, point.upper));
    this.#middle.update(valueAt(at, point.middle));
    this.#lower.update(valueAt(at, point.lower));
  }

  #draw(): void {
    const first = this.#buckets[0];
    if (first !== undefined) this.#setDecimals(first.point.price);
    const all = (of: (point: ChartPoint) => number | null): ReturnType<typeof valueAt>[] =>
      this.#buckets.map(({ time, point }) => valueAt(time as Time & number, of(point)));
    this.#price.setData(all((point) => point.price));
    this.#upper.setData(all((point) => point.upper));
    this.#middle.setData(all((point) => point.middle));
    this.#lower.setData(all((point) => point.lower));
    this.#drawMarks();
  }

  #setDecimals(price: number): void {
    const precision = decimalsOf(price);
    if (precision === this.#decimals) return;
    this.#decimals = precision;
    const priceFormat = { type: 'price', precision, minMove: 10 ** -precision } as const;
    for (const line of [this.#price, this.#upper, this.#middle, this.#lower])
      line.applyOptions({ priceFormat });
  }

  /** One mark per side and tenth of a second, of orders that reached the market. */
  #drawMarks(): void {
    const from = this.#buckets[0]?.time ?? Number.POSITIVE_INFINITY;
    const marks = new Map<string, SeriesMarker<Time>>();
    for (const { side, state, timeMs } of this.#orders) {
      const time = bucketTime(timeMs);
      const key = `${side} ${time}`;
      if (time < from || neverTraded.has(state) || marks.has(key)) continue;
      const buy = side === 'buy';
      marks.set(key, {
        time: time as Time & number,
        position: buy ? 'belowBar' : 'aboveBar',
        shape: buy ? 'arrowUp' : 'arrowDown',
        color: buy ? colors.buy : colors.sell,
        size: 1,
      });
      if (marks.size >= marksMax) break;
    }
    const sorted = [...marks.values()].sort((a, b) => Number(a.time) - Number(b.time));
    this.#marks.setMarkers(sorted);
    this.markCount = sorted.length;
  }

  /** How many order marks are drawn. */
  markCount = 0;
}

const neverTraded: ReadonlySet<string> = new Set(['denied', 'rejected', 'initialized']);

function bucketTime(timeMs: number): number {
  const bucket = Math.floor(timeMs / bucketMs);
  return bucket / bucketsPerSecond;
}

function valueAt(
  time: Time & number,
  value: number | null,
): { time: Time & number; value: number } | { time: Time & number } {
  return value === null ? { time } : { time, value };
}
