// What line protocol counts, by listener: rows, bytes, and why something was not taken.

import type { Counter, Gauge, Metrics } from '@ndts/runtime';

export type LineListener = 'tcp' | 'http';

export class LineMetrics {
  readonly rows: Counter;
  readonly bytes: Counter;
  readonly refused: Counter;
  readonly denied: Counter;
  readonly unfinished: Counter;
  readonly failures: Counter;
  readonly connections: Gauge;

  constructor(metrics: Metrics) {
    const listener = ['listener'];
    const counter = (name: string, help: string, labels: string[]): Counter =>
      metrics.counter(`line_${name}_total`, help, labels);
    this.rows = counter('rows', 'Rows accepted.', listener);
    this.bytes = counter('bytes', 'Bytes of lines received, unpacked.', listener);
    this.refused = counter('refused', 'Lines refused, by reason.', ['listener', 'reason']);
    this.denied = counter('denied', 'Connections and requests without permission.', listener);
    this.unfinished = counter('unfinished', 'Lines whose end never came.', listener);
    this.failures = counter('failures', 'Writes that the engine refused.', listener);
    this.connections = metrics.gauge('line_connections', 'Connections open now.', listener);
  }
}
