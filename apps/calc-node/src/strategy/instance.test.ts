// Lives of one strategy on a virtual clock, with processes that are played.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { nsPerMs, type StrategyView } from '@ndts/protocol';
import {
  createSilentLogger,
  EmbeddedRegistry,
  loadConfig,
  MemoryKeyValueStore,
  SeededRandom,
  VirtualClock,
} from '@ndts/runtime';
import type { ChildEvents } from './child.js';
import { OwnMarket } from '../source/market-source.js';
import { StoredHistory } from '../source/stored-history.js';
import { Supervisor } from './supervisor.js';

const checkMs = 50;

/** The built-in strategy with the default limits; its processes do what the test says. */
class Stage {
  readonly clock = new VirtualClock();
  readonly supervisor: Supervisor;
  /** Of a core, to every process. */
  share = 0;
  /** Called for each process that is started. */
  onSpawn: (events: ChildEvents) => void = () => {};
  /** The process that lives; undefined between two. */
  events: ChildEvents | undefined;
  spawned = 0;
  readonly #dir = mkdtempSync(join(tmpdir(), 'ndts-instance-'));
  #cpuMs = 0;

  constructor(context: TestContext) {
    const { clock } = this;
    const logger = createSilentLogger();
    const store = new MemoryKeyValueStore();
    this.supervisor = new Supervisor({
      config: loadConfig({ args: {}, environment: {} }),
      registry: new EmbeddedRegistry({ store, clock, random: new SeededRandom(1), logger }),
      source: new OwnMarket({
        tickRings: [],
        bookRings: undefined,
        history: new StoredHistory({
          shardCount: 1,
          epoch: () => 1,
          nextSequence: () => 0,
          lastTicks: () => 0,
          readSequence: () => 0,
        }),
      }),
      symbols: () => [],
      ringDir: join(this.#dir, 'rings'),
      clock,
      logger,
      onCancel: () => {},
      onSignalRing: () => {},
      spawn: (_memoryMb, events) => {
        this.spawned += 1;
        this.events = events;
        this.#cpuMs = 0;
        this.onSpawn(events);
        return {
          pid: this.spawned,
          send: () => Promise.resolve(),
          kill: () => this.exit('signal SIGKILL'),
          residentBytes: () => 0,
          cpuMs: () => this.#cpuMs,
        };
      },
    });
    context.after(async () => {
      const stopping = this.supervisor.stop();
      this.exit('stopped');
      await stopping;
      rmSync(this.#dir, { recursive: true, force: true });
    });
  }

  view(): StrategyView {
    return this.supervisor.views()[0]!;
  }

  exit(how: string): void {
    const { events } = this;
    this.events = undefined;
    events?.onExit(how);
  }

  async pass(ms: number, each: () => void = () => {}): Promise<void> {
    for (let passed = 0; passed < ms; passed += checkMs) {
      this.clock.advance(checkMs * nsPerMs);
      this.#cpuMs += checkMs * this.share;
      each();
      this.supervisor.check(this.clock.monotonicNs());
      // A start goes through the registry, whose answers are promises.
      if (this.view().state === 'starting') await nextTurn();
    }
  }
}

test('a slow start without processor time is waited for', async (context) => {
  const stage = new Stage(context);
  stage.share = 0.01;
  await stage.supervisor.start();
  await stage.pass(100_000);
  assert.equal(stage.spawned, 1);
  stage.events?.onMessage({ type: 'running', orders: 0 });
  assert.equal(stage.view().state, 'running');
});

test('a start that works and does not end is given up', async (context) => {
  const stage = new Stage(context);
  stage.share = 1;
  await stage.supervisor.start();
  await stage.pass(21_000);
  assert.equal(stage.spawned, 2);
  assert.match(stage.view().reason, /^not running 20000 ms after its start/);
});

test('a strategy that never starts is parked, busy or not', async (context) => {
  for (const share of [0, 1]) {
    const stage = new Stage(context);
    stage.share = share;
    await stage.supervisor.start();
    await stage.pass(5 * (120_000 + 30_000));
    assert.equal(stage.view().state, 'parked');
    assert.match(stage.view().reason, /^5 failures.*last: not running \d+ ms after its start/);
    assert.equal(stage.spawned, 5);
  }
});

test('a running strategy that gets no processor is not taken for a loop', async (context) => {
  const stage = new Stage(context);
  stage.onSpawn = (events) => setImmediate(() => events.onMessage({ type: 'running', orders: 0 }));
  await stage.supervisor.start();
  await stage.pass(1000);
  assert.equal(stage.view().state, 'running');
  stage.share = 0.02;
  await stage.pass(50_000);
  assert.equal(stage.spawned, 1);
  stage.share = 1;
  await stage.pass(5000);
  assert.match(stage.view().reason, /^no report for 5000 ms: an endless loop/);
});

test('failures far apart are forgiven, failures after short lives are not', async (context) => {
  const stage = new Stage(context);
  stage.onSpawn = (events) => setImmediate(() => events.onMessage({ type: 'running', orders: 0 }));
  await stage.supervisor.start();
  const live = async (ms: number): Promise<void> => {
    await stage.pass(31_000);
    assert.equal(stage.view().state, 'running');
    const report = { type: 'report', ticks: 1, signals: 0, factorRows: 0, lapped: 0 };
    const latency = { count: 0, sumNs: 0, maxNs: 0, buckets: [], counts: [] };
    await stage.pass(ms, () => stage.events?.onMessage({ ...report, latency }));
    stage.exit('exit code 1');
  };
  for (let life = 0; life < 8; life += 1) await live(60_000);
  assert.equal(stage.view().state, 'backing-off');
  for (let life = 0; life < 4; life += 1) await live(1000);
  assert.equal(stage.view().state, 'parked');
  stage.supervisor.restart('bollinger');
  assert.equal(stage.view().state, 'starting');
  await stage.pass(1000);
  assert.equal(stage.view().state, 'running');
});

test('a full disk is waited for, and is no failure of the strategy', async (context) => {
  const stage = new Stage(context);
  const reason = 'DISK_FULL: no space for the log of inputs';
  let isFull = true;
  stage.onSpawn = (events) =>
    setImmediate(() => {
      if (!isFull) return events.onMessage({ type: 'running', orders: 0 });
      events.onMessage({ type: 'failed', phase: 'run', reason, isDiskFull: true });
      stage.exit('exit code 70');
    });
  await stage.supervisor.start();
  await stage.pass(60_000);
  assert.ok(stage.spawned > 8, `${stage.spawned} tries, more than failures are allowed`);
  assert.equal(stage.view().reason, reason);
  assert.notEqual(stage.view().state, 'parked');
  const lines = stage.supervisor.log('bollinger', 100).map(({ text }) => text);
  assert.equal(lines.filter((line) => line.includes('DISK_FULL')).length, 1, 'said once');
  isFull = false;
  await stage.pass(6000);
  assert.equal(stage.view().state, 'running');
  assert.equal(stage.view().reason, '', 'what is over is not told');
});
