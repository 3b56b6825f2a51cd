// What the listener of streams counts.

import type { Counter, Gauge, Metrics } from '@ndts/runtime';

export class StreamMetrics {
  readonly clients: Gauge;
  readonly subscriptions: Gauge;
  readonly rows: Counter;
  readonly bytes: Counter;
  readonly conflated: Counter;
  readonly cutOff: Counter;
  readonly refused: Counter;

  constructor(metrics: Metrics) {
    this.clients = metrics.gauge('stream_clients', 'Clients of streams that are connected.');
    this.subscriptions = metrics.gauge('stream_subscriptions', 'Subscriptions of these clients.');
    this.rows = metrics.counter('stream_rows_total', 'Rows sent, to all clients together.');
    this.bytes = metrics.counter('stream_bytes_total', 'Bytes handed to sockets.');
    this.conflated = metrics.counter(
      'stream_conflated_total',
      'Times that a subscription fell behind and is given the latest rows only.',
    );
    this.cutOff = metrics.counter('stream_cut_off_total', 'Clients cut off, by reason.', [
      'reason',
    ]);
    this.refused = metrics.counter('stream_refused_total', 'Connections and requests refused.', [
      'code',
    ]);
  }
}
