// The metrics of the engines, set from their statistics: how full they are, and what writes have
// had to wait for.

import type { Database, DatabaseStats } from '@ndts/native/db';
import type { Counter, Gauge, Metrics } from '@ndts/runtime';

const counters = {
  appendWaits: ['storage_append_waits_total', 'Appends that had to wait.'],
  stalls: ['storage_stalls_total', 'Of these, for a flush or compaction that cannot keep up.'],
  commits: ['storage_commits_total', 'Syncs of the log.'],
  flushes: ['storage_flushes_total', 'Memtables sealed into files.'],
  flushFailures: ['storage_flush_failures_total', 'Attempts to seal that failed.'],
  merges: ['storage_merges_total', 'Merges of segments and compactions of sorted tables.'],
  mergedBytes: ['storage_merged_bytes_total', 'Bytes that merges and compactions read.'],
  mergeFailures: ['storage_merge_failures_total', 'Merges and compactions that failed.'],
  snapshots: ['storage_snapshots_total', 'Snapshots made.'],
  snapshotFailures: ['storage_snapshot_failures_total', 'Snapshots that failed.'],
} as const;

const gauges = {
  walBytes: ['storage_wal_bytes', 'Bytes of log files.'],
  memtableBytes: ['storage_memtable_bytes', 'Bytes of rows that are in memory only.'],
  segments: ['storage_segments', 'Segment files.'],
  segmentBytes: ['storage_segment_bytes', 'Bytes of segment files.'],
  segmentRows: ['storage_segment_rows', 'Rows in segment files.'],
  keyValueBytes: ['storage_key_value_bytes', 'Bytes of sorted tables.'],
  keyValuePending: ['storage_key_value_pending_bytes', 'Bytes that compaction is behind.'],
  obsoleteFiles: ['storage_obsolete_files', 'Files kept only because somebody reads them.'],
  symbols: ['storage_symbols', 'Registered symbols.'],
} as const;

type CounterName = keyof typeof counters;
type GaugeName = keyof typeof gauges;

export class StorageMetrics {
  readonly #engines: Readonly<Record<string, Database>>;
  readonly #counters = new Map<CounterName, Counter>();
  readonly #gauges = new Map<GaugeName, Gauge>();
  readonly #waitSeconds: Counter;
  readonly #before = new Map<string, DatabaseStats>();
  #closed = false;

  /** `engines` by the name in the label. */
  constructor(metrics: Metrics, engines: Readonly<Record<string, Database>>) {
    this.#engines = engines;
    for (const [name, [metric, help]] of Object.entries(counters))
      this.#counters.set(name as CounterName, metrics.counter(metric, help, ['engine']));
    for (const [name, [metric, help]] of Object.entries(gauges)) {
      // One of them, looked at by each scrape, updates all.
      const collect = this.#gauges.size === 0 ? () => this.update() : undefined;
      this.#gauges.set(name as GaugeName, metrics.gauge(metric, help, ['engine'], collect));
    }
    const help = 'Time appends had to wait.';
    this.#waitSeconds = metrics.counter('storage_append_wait_seconds_total', help, ['engine']);
  }

  /** Done by each scrape; nothing once the engines are closed. */
  update(): void {
    if (this.#closed) return;
    for (const [engine, database] of Object.entries(this.#engines)) {
      const stats = database.stats();
      const before = this.#before.get(engine);
      this.#before.set(engine, stats);
      const label = { engine };
      for (const [name, counter] of this.#counters)
        counter.inc(label, Math.max(0, stats[name] - (before?.[name] ?? 0)));
      for (const [name, gauge] of this.#gauges) gauge.set(label, stats[name]);
      const waitNs = stats.appendWaitNs - (before?.appendWaitNs ?? 0);
      this.#waitSeconds.inc(label, Math.max(0, waitNs) / 1e9);
    }
  }

  close(): void {
    this.#closed = true;
  }
}
