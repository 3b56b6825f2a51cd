import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Metrics } from './metrics.js';

test('metrics appear as text under their prefixed names', async () => {
  const metrics = new Metrics();
  metrics.counter('ticks_total', 'ticks', ['shard']).labels('3').inc(5);
  metrics.gauge('lag_ms', 'lag', [], (gauge) => gauge.set(42));
  metrics.histogram('order_seconds', 'orders', [], [0.1, 1]).observe(0.5);
  const text = await metrics.text();
  assert.match(text, /^ndts_ticks_total\{shard="3"\} 5$/m);
  assert.match(text, /^ndts_lag_ms 42$/m);
  assert.match(text, /^ndts_order_seconds_bucket\{le="1"\} 1$/m);
  assert.match(text, /^# HELP ndts_lag_ms lag$/m);
  assert.match(metrics.contentType, /text\/plain/);
});

test('the same name is the same metric; another type is refused', async () => {
  const metrics = new Metrics();
  metrics.counter('n_total', 'n').inc();
  metrics.counter('ndts_n_total', 'n').inc();
  assert.match(await metrics.text(), /^ndts_n_total 2$/m);
  assert.throws(() => metrics.gauge('n_total', 'n'), { code: 'ALREADY_EXISTS' });
});

test('two nodes in one process keep their metrics apart', async () => {
  const [first, second] = [new Metrics(), new Metrics({ processMetrics: true })];
  first.counter('n_total', 'n').inc();
  assert.doesNotMatch(await second.text(), /ndts_n_total/);
  assert.match(await second.text(), /ndts_process_resident_memory_bytes/);
});
