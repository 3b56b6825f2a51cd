// Rules that change while ticks flow: a right file takes over, a wrong one leaves those of before,
// what changed is recorded, symbols that come later get their plan.

import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Cleaner, createCleaner } from '@ndts/native/clean';
import { createTickBatch, NdtsError, nsPerSecond, type TickBatch } from '@ndts/protocol';
import { type AuditRecord, createSilentLogger, loadConfig, VirtualClock } from '@ndts/runtime';
import { RulesKeeper } from './keeper.js';
import { cleanRules } from './rules.js';

interface Bench {
  readonly keeper: RulesKeeper;
  readonly cleaner: Cleaner;
  readonly records: AuditRecord[];
  readonly symbols: { id: number; name: string; shard: number }[];
  readonly clock: VirtualClock;
  auditFails: boolean;
  write(text: string): void;
  /** As the node does, until the file was looked at twice. */
  look(): Promise<void>;
}

const wide = 'classes: { default: { priceMax: 100 } }';

function open(context: TestContext, text: string | undefined): Bench {
  const dir = mkdtempSync(join(tmpdir(), 'ndts-rules-'));
  context.after(() => rmSync(dir, { recursive: true, force: true }));
  const file = join(dir, 'rules.yaml');
  const write = (content: string): void => {
    writeFileSync(`${file}.new`, content);
    renameSync(`${file}.new`, file);
  };
  if (text !== undefined) write(text);
  const args = text === undefined ? {} : { 'clean.rules': file };
  const config = loadConfig({ args, environment: {} });
  const clock = new VirtualClock(Date.UTC(2026, 0, 5));
  const cleaner = createCleaner(cleanRules(config));
  const records: AuditRecord[] = [];
  const symbols = [{ id: 1, name: 'A', shard: 0 }];
  const bench = { auditFails: false };
  const keeper = new RulesKeeper({
    config,
    cleaner,
    symbols: { all: () => symbols },
    clock,
    logger: createSilentLogger(),
    audit: {
      record: (record) => {
        if (bench.auditFails) throw new NdtsError('DISK_FULL', 'no space for the audit log');
        records.push(record);
      },
    },
  });
  const look = async (): Promise<void> => {
    for (let turn = 0; turn < 3; turn += 1) {
      clock.advance(2.5 * nsPerSecond);
      keeper.poll(clock.monotonicNs());
      await keeper.settled();
    }
  };
  return Object.assign(bench, { keeper, cleaner, records, symbols, clock, write, look });
}

/** How many of these prices are refused, of ticks of a symbol that nothing is known of. */
function refused(bench: Bench, symbol: number, ...prices: number[]): number {
  const batch: TickBatch = createTickBatch(prices.length);
  for (const [row, price] of prices.entries()) {
    batch.day[row] = 20_458;
    batch.nsOfDay[row] = row;
    batch.price[row] = price;
    batch.symbol[row] = symbol;
  }
  batch.count = prices.length;
  bench.keeper.cover(batch);
  return bench.cleaner.clean(batch, createTickBatch(prices.length));
}

test('a changed file takes over and what changed is recorded', async (context) => {
  const bench = open(context, wide);
  assert.equal(refused(bench, 1, 50, 99, 101), 1);
  bench.write('classes: { default: { priceMax: 60 } }');
  await bench.look();
  assert.equal(refused(bench, 2, 50, 59, 99), 1);
  assert.equal(bench.keeper.problem, '');
  const { actor, action, detail, outcome } = bench.records.at(-1) as AuditRecord;
  assert.deepEqual([actor, action, outcome], ['data-node', 'clean-rules', 'ok']);
  assert.deepEqual((detail as { changes: unknown }).changes, [
    'classes.default.priceMax: 100 -> 60',
  ]);
  const count = bench.records.length;
  await bench.look();
  assert.equal(bench.records.length, count, 'nothing changed, nothing recorded');
});

test('a wrong file leaves the rules of before and says why', async (context) => {
  const bench = open(context, wide);
  bench.write('classes: { default: { priceMx: 60 } }');
  await bench.look();
  assert.match(bench.keeper.problem, /CONFIG_UNKNOWN_KEY: .*rules\.yaml:1: .*priceMx/);
  assert.equal(bench.keeper.view().problem, bench.keeper.problem);
  assert.equal(refused(bench, 1, 50, 99, 101), 1);
  assert.equal(bench.records.at(-1)?.outcome, 'refused');
  await assert.rejects(
    bench.keeper.reload({ actor: 'desk', role: 'admin' }),
    (error: unknown) => error instanceof NdtsError && error.code === 'INVALID_ARGUMENT',
  );
  assert.equal(bench.records.at(-1)?.actor, 'desk');
  bench.write(wide);
  await bench.look();
  assert.equal(bench.keeper.problem, '');
});

test('who asks for it is recorded; it is read at once', async (context) => {
  const bench = open(context, wide);
  bench.write('classes: { default: { priceMax: 60 } }');
  const view = await bench.keeper.reload({ actor: 'desk', role: 'admin' });
  assert.deepEqual([view.problem, view.classes], ['', ['default']]);
  const { actor, role } = bench.records.at(-1) as AuditRecord;
  assert.deepEqual([actor, role], ['desk', 'admin']);
  assert.equal(refused(bench, 1, 59, 61), 1);
});

test('a change that cannot be recorded is not made', async (context) => {
  const bench = open(context, wide);
  bench.auditFails = true;
  bench.write('classes: { default: { priceMax: 60 } }');
  await bench.look();
  assert.match(bench.keeper.problem, /DISK_FULL/);
  assert.equal(refused(bench, 1, 99), 0);
  bench.auditFails = false;
  await bench.keeper.reload({ actor: 'desk', role: 'admin' });
  assert.equal(refused(bench, 2, 99), 1);
});

test('symbols that come later get their plan before their first tick', (context) => {
  const bench = open(context, 'symbols: [{ match: "B*", priceMax: 10 }]');
  bench.symbols.push({ id: 7, name: 'BB', shard: 0 }, { id: 8, name: 'C', shard: 0 });
  assert.equal(refused(bench, 7, 9, 11), 1);
  assert.equal(refused(bench, 8, 9, 11), 0);
  assert.equal(refused(bench, 9, 9, 11), 0, 'without a name: as those nobody names');
  bench.symbols.push({ id: 9, name: 'B9', shard: 0 });
  bench.clock.advance(10 * nsPerSecond);
  bench.keeper.poll(bench.clock.monotonicNs());
  assert.equal(refused(bench, 9, 12), 1);
  assert.equal(bench.keeper.view('BX').symbol?.settings['priceMax'], 10);
});

test('a wrong or missing file prevents the start; none cannot be read again', async (context) => {
  assert.throws(() => open(context, 'x: 1'), /rules\.yaml:1: x is not known/);
  const args = { 'clean.rules': '/nowhere/rules.yaml' };
  const config = loadConfig({ args, environment: {} });
  const cleaner = createCleaner(cleanRules(config));
  const clock = new VirtualClock(0);
  const rest = { cleaner, clock, symbols: { all: () => [] }, logger: createSilentLogger() };
  assert.throws(() => new RulesKeeper({ ...rest, config, audit: undefined }), /cannot read/);
  const none = open(context, undefined);
  await assert.rejects(none.keeper.reload({ actor: 'desk', role: 'admin' }), /is not set/);
});

test('calendars go on while the node runs', (context) => {
  const bench = open(
    context,
    `calendars: { c: { zone: UTC, sessions: ["00:00-24:00"] } }
classes: { default: { calendar: c } }`,
  );
  const { lastDay } = bench.keeper.rules.span;
  bench.clock.advance(400 * 86_400 * nsPerSecond);
  bench.keeper.poll(bench.clock.monotonicNs());
  assert.ok(bench.keeper.rules.span.lastDay >= lastDay + 400);
});
