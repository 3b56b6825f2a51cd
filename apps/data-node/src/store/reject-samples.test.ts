// Samples of what feeds could not use: bounded, none twice, offered again while the database
// refuses, and a folder from before they had a column.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NdtsError, nsPerSecond, rejectsSchema, type TableSchema } from '@ndts/protocol';
import { createSilentLogger, VirtualClock } from '@ndts/runtime';
import type { TableBatch } from '@ndts/storage';
import { createNoFeed } from '../feed/no-feed.js';
import { RejectLog } from '../feed/reject-log.js';
import { RejectSamples } from './reject-samples.js';

class Setup {
  readonly clock = new VirtualClock(Date.UTC(2026, 0, 5));
  readonly log = new RejectLog();
  readonly rows: string[] = [];
  refusal: NdtsError | undefined;
  readonly samples: RejectSamples;

  constructor(known?: TableSchema) {
    this.samples = new RejectSamples({
      database: {
        tables: () => (known === undefined ? [] : [{ id: 9, ...known }]),
        createTable: () => 2,
        appendRows: (_table, rows) => this.#append(rows),
      },
      clock: this.clock,
      logger: createSilentLogger(),
      noSymbol: async () => 5,
    });
  }

  #append(rows: TableBatch): number {
    if (this.refusal !== undefined) throw this.refusal;
    const hasText = rows.schema.columns.some(({ name }) => name === 'sample');
    for (let row = 0; row < rows.count; row += 1)
      this.rows.push(
        `${rows.symbol[row]} ${rows.text('source', row)} ${rows.text('reason', row)} ` +
          (hasText ? rows.text('sample', row) : '-'),
      );
    return 0;
  }

  garbage(count: number, from = 0): void {
    for (let at = from; at < from + count; at += 1)
      this.log.note(this.clock.nowMs(), 'message', 'not one', `${at}`);
  }

  async look(): Promise<void> {
    const feed = { ...createNoFeed(), name: 'f', rejects: (limit: number) => this.log.list(limit) };
    this.samples.note(feed, this.log.count);
    this.samples.flush(this.clock.monotonicNs());
    await new Promise((done) => void setImmediate(done)); // ambient: the symbol is registered
    this.samples.flush(this.clock.monotonicNs());
  }
}

test('each once, in order, the newest of a flood', async () => {
  const setup = new Setup();
  setup.garbage(2);
  await setup.look();
  await setup.look();
  assert.deepEqual(setup.rows, ['5 f feed:message not one: 0', '5 f feed:message not one: 1']);
  setup.garbage(10_000, 2);
  await setup.look();
  assert.equal(setup.rows.length, 2 + 20);
  assert.equal(setup.rows.at(-1), '5 f feed:message not one: 10001');
});

test('a database that refuses gets them later; what waits is bounded', async () => {
  const setup = new Setup();
  setup.refusal = new NdtsError('DISK_FULL', 'full');
  for (let turn = 0; turn < 60; turn += 1) {
    setup.garbage(20, 20 * turn);
    await setup.look();
  }
  setup.refusal = undefined;
  await setup.look();
  assert.equal(setup.rows.length, 0, 'not before its time');
  setup.clock.advance(nsPerSecond);
  await setup.look();
  assert.deepEqual([setup.rows.length, setup.samples.lost], [1024, 1200 - 1024]);
});

test('a folder from before samples keeps its columns; another table is refused', async () => {
  const columns = rejectsSchema.columns.filter(({ name }) => name !== 'sample');
  const setup = new Setup({ name: 'rejects', columns });
  setup.garbage(1);
  await setup.look();
  assert.deepEqual(setup.rows, ['5 f feed:message -']);
  const other = { name: 'rejects', columns: columns.slice(1) };
  assert.throws(() => new Setup(other), /other columns/);
});
