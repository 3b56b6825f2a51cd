// Counters, gauges and histograms of a process in Prometheus' text format. Always: names begin with
// ndts_, and asking twice for a name gives the same metric, so that roles in one process share it.

import { NdtsError } from '@ndts/protocol';
import type * as Prometheus from 'prom-client';
import type { Counter, Gauge, Histogram } from 'prom-client';
import { loadedLater } from '../lifecycle/loaded-later.js';

export type { Counter, Gauge, Histogram } from 'prom-client';

const client = loadedLater<typeof Prometheus>('prom-client');

/** Between two looks at how late the event loop is. */
const loopLookMs = 250;
const prefix = 'ndts_';
const defaultBucketsSeconds = [1e-6, 1e-5, 1e-4, 5e-4, 1e-3, 5e-3, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];

export interface MetricsOptions {
  /** Also memory, processor, event loop and garbage collection of this process. */
  readonly processMetrics?: boolean;
}

export class Metrics {
  readonly #registry = new (client().Registry)();

  constructor(options: MetricsOptions = {}) {
    if (options.processMetrics === true)
      client().collectDefaultMetrics({
        register: this.#registry,
        prefix,
        // Each look wakes the process, whether there is something to do or not.
        eventLoopMonitoringPrecision: loopLookMs,
      });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  counter(name: string, help: string, labelNames: readonly string[] = []): Counter {
    const found = this.#existing(name, client().Counter);
    if (found !== undefined) return found;
    return new (client().Counter)({
      name: fullName(name),
      help,
      labelNames: [...labelNames],
      registers: [this.#registry],
    });
  }

  /** `collect` is called at each scrape and may set the value. */
  gauge(
    name: string,
    help: string,
    labelNames: readonly string[] = [],
    collect?: (gauge: Gauge) => void,
  ): Gauge {
    const found = this.#existing(name, client().Gauge);
    if (found !== undefined) return found;
    const gauge: Gauge = new (client().Gauge)({
      name: fullName(name),
      help,
      labelNames: [...labelNames],
      registers: [this.#registry],
      ...(collect === undefined ? {} : { collect: () => collect(gauge) }),
    });
    return gauge;
  }

  histogram(
    name: string,
    help: string,
    labelNames: readonly string[] = [],
    buckets: readonly number[] = defaultBucketsSeconds,
  ): Histogram {
    const found = this.#existing(name, client().Histogram);
    if (found !== undefined) return found;
    return new (client().Histogram)({
      name: fullName(name),
      help,
      labelNames: [...labelNames],
      buckets: [...buckets],
      registers: [this.#registry],
    });
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  #existing<Kind>(name: string, kind: new (...args: never[]) => Kind): Kind | undefined {
    const metric: unknown = this.#registry.getSingleMetric(fullName(name));
    if (metric === undefined) return undefined;
    if (metric instanceof kind) return metric;
    throw new NdtsError('ALREADY_EXISTS', `the metric ${fullName(name)} has another type`);
  }
}

function fullName(name: string): string {
  return name.startsWith(prefix) ? name : `${prefix}${name}`;
}
