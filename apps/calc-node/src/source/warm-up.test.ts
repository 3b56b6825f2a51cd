// History joins the live stream without a gap and without an overlap.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { NdtsError, type TickBatch } from '@ndts/protocol';
import type { SymbolEntry } from '@ndts/storage';
import { StoredHistory, type StoredRows } from './stored-history.js';
import { WarmUp } from './warm-up.js';

interface Row {
  readonly symbol: number;
  readonly sequence: number;
  readonly nsOfDay: number;
}

/** One shard per symbol; ticks may arrive while history is read. */
class FakeHistory implements StoredRows {
  readonly shardCount = 4;
  readonly past = new StoredHistory(this);
  readonly rows: Row[] = [];
  readonly next = [0, 0, 0, 0];
  /** Of rows that are not of epoch 3. */
  readonly epochs = new Map<Row, number>();
  onRead: () => void = () => {};

  append(symbol: number, nsOfDay = this.rows.length * 10): void {
    const sequence = this.next[symbol]!;
    this.next[symbol] = sequence + 1;
    this.rows.push({ symbol, sequence, nsOfDay });
  }
  epoch(): number {
    return 3;
  }
  nextSequence(shard: number): number {
    return this.next[shard]!;
  }
  readSequence(shard: number, fromSequence: number, batch: TickBatch): number {
    const rows = this.rows
      .filter((row) => row.symbol === shard && row.sequence >= fromSequence)
      .slice(0, batch.capacity);
    for (const [at, row] of rows.entries()) {
      batch.symbol[at] = shard;
      batch.epoch[at] = this.epochs.get(row) ?? 3;
      batch.sequence[at] = row.sequence;
    }
    batch.count = rows.length;
    return rows.length;
  }
  lastTicks(symbol: number, batch: TickBatch): number {
    this.onRead();
    const newest = this.rows
      .filter((row) => row.symbol === symbol)
      .toSorted((a, b) => a.nsOfDay - b.nsOfDay || a.sequence - b.sequence)
      .slice(-batch.capacity);
    for (const [at, row] of newest.entries()) {
      batch.symbol[at] = symbol;
      batch.shard[at] = symbol;
      batch.epoch[at] = 3;
      batch.sequence[at] = row.sequence;
      batch.nsOfDay[at] = row.nsOfDay;
    }
    batch.count = newest.length;
    return newest.length;
  }
}

const symbols = [0, 1, 2].map((id) => ({ id, shard: id, name: `S${id}` }));

async function sequencesOf(warmUp: WarmUp, symbol: number, chunkRows = 7): Promise<number[]> {
  const found: number[] = [];
  for await (const batch of warmUp.batches(symbols, chunkRows)) {
    assert.ok(batch.count <= chunkRows);
    for (let row = 0; row < batch.count; row += 1)
      if (batch.symbol[row] === symbol) found.push(batch.sequence[row]!);
  }
  return found;
}

test('history ends where live begins, even when ticks arrive in between', async () => {
  const history = new FakeHistory();
  for (let tick = 0; tick < 90; tick += 1) history.append(tick % 3);
  const positions = history.past.positions('ticks', 'accepted');
  assert.deepEqual(positions[1], { epoch: 3, sequence: 30 });
  history.onRead = () => {
    for (let tick = 0; tick < 40; tick += 1) history.append(tick % 3);
  };
  const warmUp = new WarmUp(history.past, positions, [20]);
  const expected = Array.from({ length: 20 }, (_, index) => 10 + index);
  for (const symbol of [0, 1, 2]) assert.deepEqual(await sequencesOf(warmUp, symbol), expected);
});

test('many arrivals make it read further back', async () => {
  const history = new FakeHistory();
  for (let tick = 0; tick < 25; tick += 1) history.append(1);
  const positions = history.past.positions('ticks', 'accepted');
  for (let tick = 0; tick < 1000; tick += 1) history.append(1);
  const found = await sequencesOf(new WarmUp(history.past, positions, [20]), 1);
  assert.deepEqual(
    found,
    [5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24],
  );
});

test('ticks out of time order come in the order they were live', async () => {
  const history = new FakeHistory();
  for (const nsOfDay of [100, 300, 200, 400, 350]) history.append(2, nsOfDay);
  const found = await sequencesOf(
    new WarmUp(history.past, history.past.positions('ticks', 'accepted'), [4]),
    2,
  );
  assert.deepEqual(found, [1, 2, 3, 4]);
});

test('windows of time: back by time, then by rows', async () => {
  const history = new FakeHistory();
  for (let tick = 0; tick < 5000; tick += 1) history.append(1, tick * 1000);
  history.append(1, 4_950_000);
  const positions = history.past.positions('ticks', 'accepted');
  for (let tick = 0; tick < 100; tick += 1) history.append(1, 5_000_000 + tick * 1000);
  const firstOf = async (...reach: number[]): Promise<number | undefined> => {
    const warmUp = new WarmUp(history.past, positions, reach);
    const found = await sequencesOf(warmUp, 1);
    assert.equal(found.at(-1), 5000, 'up to the live ones');
    assert.equal(found.length, 5001 - found[0]!, 'all of them');
    assert.equal(warmUp.cutSymbols, 0);
    return found[0];
  };
  assert.equal(await firstOf(2, 100_000, 1), 4899);
  assert.equal(await firstOf(2, 100_500, 1), 4899);
  assert.equal(await firstOf(12, 100_000, 1), 4889);
  assert.equal(await firstOf(2, 100_000, 11), 4889);
  assert.equal(await firstOf(2, 100_000, 11, 1_000_000, 5), 3885);
  assert.equal(await firstOf(1, 100_000, 1), 4850, 'the newest is late');
  assert.equal(await firstOf(2, 10_000_000, 1), 0, 'all there is');
  assert.equal(await firstOf(2, 100_000, 5000), 0);
});

test('of a window too long for one answer the newest ticks are read', async () => {
  const asked: number[] = [];
  const lastTicks = (_: SymbolEntry, batch: TickBatch): number => {
    asked.push(batch.capacity);
    batch.count = batch.capacity;
    for (let row = 0; row < batch.count; row += 1) batch.sequence[row] = batch.nsOfDay[row] = row;
    return batch.count;
  };
  const warmUp = new WarmUp({ lastTicks }, [], [1, 1e9, 1]);
  let rows = 0;
  for await (const { count } of warmUp.batches(symbols.slice(1, 2), 1 << 16)) rows += count;
  assert.equal(rows, 1 << 17);
  assert.equal(asked.at(-1), 1 << 17);
  assert.equal(warmUp.cutSymbols, 1);
});

test('a history far away is asked for some symbols at once; a failure is told', async () => {
  const many = Array.from({ length: 40 }, (_, id) => ({ id, shard: id, name: `S${id}` }));
  let [open, most, failsAt] = [0, 0, -1];
  const lastTicks = async (symbol: SymbolEntry, batch: TickBatch): Promise<number> => {
    open += 1;
    most = Math.max(most, open);
    await setImmediate();
    open -= 1;
    if (symbol.id === failsAt) throw new NdtsError('UNAVAILABLE', 'gone');
    batch.symbol.fill(symbol.id, 0, 3);
    batch.sequence.set([0, 1, 2]);
    batch.count = 3;
    return 3;
  };
  const found: number[] = [];
  const read = async (): Promise<void> => {
    for await (const batch of new WarmUp({ lastTicks }, [], [3]).batches(many, 7))
      found.push(...batch.symbol.subarray(0, batch.count));
  };
  await read();
  assert.deepEqual(
    found,
    many.flatMap(({ id }) => [id, id, id]),
  );
  assert.equal(most, 16);
  failsAt = 5;
  await assert.rejects(read(), { code: 'UNAVAILABLE' });
  await setImmediate();
});

test('a strategy without windows wants no history', async () => {
  const history = new FakeHistory();
  history.append(1);
  const warmUp = new WarmUp(history.past, history.past.positions('ticks', 'accepted'), [0]);
  for await (const _ of warmUp.batches(symbols, 10)) assert.fail('history');
});

test('who stopped goes on exactly behind it, unless the rows are not those it saw', async () => {
  const history = new FakeHistory();
  for (let turn = 0; turn < 5; turn += 1) history.append(1);
  for (let turn = 0; turn < 3; turn += 1) history.append(2);
  const stopped = history.past.positions('ticks', 'accepted');
  for (const symbol of [1, 2, 1, 1, 3]) history.append(symbol);
  const starts = history.past.positions('ticks', 'accepted');
  history.append(1);
  const rows = [...history.past.ticksBetween(stopped, starts, 2)!].flatMap((batch) =>
    Array.from({ length: batch.count }, (_, at) => `${batch.symbol[at]} ${batch.sequence[at]}`),
  );
  assert.deepEqual(rows, ['1 5', '1 6', '1 7', '2 3', '3 0']);
  const isGone = (from: typeof stopped, to: typeof stopped): boolean =>
    history.past.ticksBetween(from, to, 2) === undefined;
  assert.ok(isGone(starts, stopped), 'it saw rows that are not there');
  assert.ok(isGone(stopped.slice(1), starts), 'of other shards');
  history.epochs.set(history.rows.find((row) => row.symbol === 2 && row.sequence === 2)!, 4);
  assert.ok(isGone(stopped, starts), 'its last row was lost and written anew');
});
