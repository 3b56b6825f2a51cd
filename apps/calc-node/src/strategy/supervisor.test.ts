// Strategies in real processes: whatever a plugin does stays its own trouble.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  type ConfigValues,
  createTickBatch,
  type Registry,
  SignalSlot,
  type StrategyView,
  type TickBatch,
  type Time,
} from '@ndts/protocol';
import {
  createSilentLogger,
  EmbeddedRegistry,
  loadConfig,
  MemoryKeyValueStore,
  SeededRandom,
  SystemClock,
} from '@ndts/runtime';
import { createTickRings, openSlotRing, type SlotRingReader } from '@ndts/storage';
import { OwnMarket } from '../source/market-source.js';
import { StoredHistory } from '../source/stored-history.js';
import { readSnapshot, writeSnapshot } from './records.js';
import { Supervisor, type SupervisorOptions } from './supervisor.js';

const testTimeout = { timeout: 600_000 };

/** A market of one shard with ticks for symbol 1, strategies, and who reads their signals. */
class Bench {
  readonly dir = mkdtempSync(join(tmpdir(), 'ndts-supervisor-'));
  readonly clock = new SystemClock();
  readonly registry: Registry = new EmbeddedRegistry({
    store: new MemoryKeyValueStore(),
    clock: this.clock,
    random: new SeededRandom(1),
    logger: createSilentLogger(),
  });
  readonly rings = createTickRings({
    dir: join(this.dir, 'ticks'),
    slotCount: 4096,
    epochs: [1],
    firstSequences: [0],
  });
  /** Ordinals by instance, in the order they were read. */
  readonly ordinals = new Map<number, bigint[]>();
  readonly supervisor: Supervisor;
  readonly #signalRings: { instance: number; reader: SlotRingReader }[] = [];
  /** Whether ticks can be read again, so that a killed strategy may go on. */
  hasHistory = false;
  readonly #times: Time[] = [];
  readonly #batch = createTickBatch(16);
  readonly #ticking: NodeJS.Timeout;
  #sequence = 0;

  constructor(plugins: Readonly<Record<string, string>>, changes: Partial<SupervisorOptions> = {}) {
    const pluginDir = join(this.dir, 'plugins');
    mkdirSync(pluginDir);
    const list = Object.entries(plugins).map(([name, code]) => {
      const path = join(pluginDir, `${name}.mjs`);
      writeFileSync(path, code);
      return path;
    });
    const config = loadConfig({ args: {}, environment: {} });
    const values: ConfigValues = {
      ...config,
      dataDir: this.dir,
      loop: { idle: 'sleep', spinMs: 0, sleepMs: 1 },
      strategy: { ...config.strategy, list, memoryMb: 48, dir: join(this.dir, 'found') },
    };
    this.supervisor = new Supervisor({
      config: values,
      registry: this.registry,
      source: new OwnMarket({
        tickRings: this.rings.paths,
        bookRings: undefined,
        history: new StoredHistory({
          shardCount: 1,
          epoch: () => 1,
          nextSequence: () => this.#sequence,
          lastTicks: () => 0,
          readSequence: (_, from, batch) => this.#readAgain(from, batch),
        }),
      }),
      symbols: () => [{ id: 1, shard: 0, name: 'SIM0001' }],
      ringDir: join(this.dir, 'rings'),
      clock: this.clock,
      logger: createSilentLogger(),
      onCancel: () => {},
      onSignalRing: (instance, _name, path) => {
        this.#signalRings.push({ instance, reader: openSlotRing(path, 'oldest') });
      },
      limits: { hangMs: 2500, stopMs: 500 },
      restart: { backOffMs: 20, failuresMax: 3, steadyMs: 60_000 },
      ...changes,
    });
    this.#ticking = setInterval(() => this.#turn(), 10);
  }

  /** More than the ring holds, at once. */
  burst(): void {
    for (let turn = 0; turn < 300; turn += 1) this.#turn();
  }

  #turn(): void {
    const batch = this.#batch;
    for (let row = 0; row < batch.capacity; row += 1) this.#times.push(this.clock.now());
    this.#fill(this.#sequence, batch);
    this.#sequence += batch.count;
    this.rings.publish(batch);
    this.supervisor.check(this.clock.monotonicNs());
    this.#readSignals();
  }

  #fill(from: number, batch: TickBatch): number {
    batch.count = Math.min(batch.capacity, this.#times.length - from);
    for (let row = 0; row < batch.count; row += 1) {
      const { day, nsOfDay } = this.#times[from + row]!;
      batch.day[row] = day;
      batch.nsOfDay[row] = nsOfDay;
      batch.symbol[row] = 1;
      batch.price[row] = 100;
      batch.epoch[row] = 1;
      batch.sequence[row] = from + row;
    }
    return batch.count;
  }

  #readAgain(from: number, batch: TickBatch): number {
    return this.hasHistory ? this.#fill(from, batch) : 0;
  }

  #readSignals(): void {
    const slots = new Uint8Array(64 * SignalSlot.sizeBytes);
    const view = new DataView(slots.buffer);
    for (const { instance, reader } of this.#signalRings) {
      const count = reader.poll(slots);
      const known = this.ordinals.get(instance) ?? [];
      for (let slot = 0; slot < count; slot += 1)
        known.push(view.getBigUint64(slot * SignalSlot.sizeBytes + SignalSlot.ordinal, true));
      this.ordinals.set(instance, known);
    }
  }

  view(name: string): StrategyView {
    const view = this.supervisor.views().find((candidate) => candidate.name === name);
    assert.ok(view, `strategy ${name}`);
    return view;
  }

  async until(what: string, holds: () => boolean, context: TestContext): Promise<void> {
    while (!holds()) {
      assert.ok(!context.signal.aborted, `${what}: ${JSON.stringify(this.supervisor.views())}`);
      await delay(10);
    }
  }

  async close(): Promise<void> {
    await this.supervisor.stop();
    clearInterval(this.#ticking);
    for (const { reader } of this.#signalRings) reader.close();
    this.rings.close();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

function plugin(hooks: string): string {
  return `export const strategy = { name: 'test', version: '1', params: {}, ${hooks} };`;
}

const buyer = plugin('onTick(tick, context) { context.buy(tick.symbol, 1n); }');

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test(
  'bad plugins are restarted, then parked with a reason; the good one does not notice',
  testTimeout,
  async (context) => {
    const bench = new Bench({
      good: buyer,
      throws: plugin("onTick() { throw new Error('broken at heart'); }"),
      crashes: plugin('onTick() { process.abort(); }'),
      exits: plugin('onTick() { process.exit(0); }'),
      loops: plugin('onTick() { for (;;); }'),
      grows: plugin('onTick() { const all = []; for (;;) all.push(new Array(1000).fill(1.5)); }'),
      hoards: plugin('onTick() { const all = []; for (;;) all.push(Buffer.alloc(1e7, 1)); }'),
      kills: plugin("onTick() { process.kill(process.ppid, 'SIGKILL'); }"),
      lies: plugin("onTick() { process.send({ type: 'report' }); }"),
      rejects: plugin("onTick() { Promise.reject(new Error('nobody waits')); }"),
      unreadable: 'export const strategy = {',
      empty: 'export const other = 1;',
      floods: plugin("onTick() { for (let i = 0; i < 1e5; i++) console.log('noise'); throw 1; }"),
    });
    context.after(() => bench.close());
    await bench.supervisor.start();
    const reasons: Readonly<Record<string, RegExp>> = {
      throws: /broken at heart/,
      crashes: /signal SIGABRT/,
      exits: /exit code 0/,
      loops: /no report for 2500 ms/,
      // On a machine that is busy the hang may be noticed first.
      grows: /signal SIGABRT|exit code 134|signal SIGTRAP|no report/,
      hoards: /uses \d+ MB, allowed are \d+|no report/,
      kills: /FORBIDDEN.*process\.kill/,
      lies: /FORBIDDEN.*process\.send/,
      rejects: /nobody waits/,
      unreadable: /PLUGIN_FAILED.*cannot be loaded/,
      empty: /PLUGIN_FAILED.*expected an export named strategy/,
      floods: /3 failures/,
    };
    for (const [name, reason] of Object.entries(reasons)) {
      await bench.until(name, () => bench.view(name).state === 'parked', context);
      assert.match(bench.view(name).reason, reason);
      assert.match(bench.view(name).reason, /^3 failures, none after a run of 60 s; last: /);
      assert.equal(bench.view(name).restarts, 2);
      assert.equal(bench.view(name).pid, undefined);
    }
    const good = bench.view('good');
    assert.equal(good.state, 'running');
    assert.equal(good.restarts, 0);
    await bench.until('ticks go on', () => bench.view('good').ticks > good.ticks, context);
  },
);

test(
  'ordinals grow across a killed process, each start has its own generation and ring',
  testTimeout,
  async (context) => {
    const bench = new Bench({ good: buyer });
    context.after(() => bench.close());
    await bench.supervisor.start();
    const signals = (): bigint[] => bench.ordinals.get(bench.view('good').instance) ?? [];
    await bench.until('signals', () => signals().length > 20, context);
    const pid = bench.view('good').pid;
    assert.ok(pid !== undefined);
    process.kill(pid, 'SIGKILL');
    await bench.until('restart', () => bench.view('good').restarts === 1, context);
    const before = signals().length;
    await bench.until('signals again', () => signals().length > before + 20, context);
    const ordinals = signals();
    for (let index = 1; index < ordinals.length; index += 1)
      assert.ok(ordinals[index]! > ordinals[index - 1]!, `ordinal ${index}`);
    assert.equal(ordinals.at(-1)! >> 32n, 2n);
    assert.equal((await bench.registry.get('strategies/good/generation'))?.value, '2');
    const files = readdirSync(join(bench.dir, 'rings'));
    const instance = bench.view('good').instance;
    assert.deepEqual(files.toSorted(), [`factor-${instance}-2.ring`, `signal-${instance}-2.ring`]);
  },
);

test('stopping ends every process, a stubborn one too', testTimeout, async (context) => {
  const bench = new Bench({
    good: buyer,
    stubborn: plugin('onTick() { if (++this.seen > 3) for (;;); }, seen: 0'),
  });
  context.after(() => bench.close());
  await bench.supervisor.start();
  await bench.until('good runs', () => bench.view('good').state === 'running', context);
  await bench.until('stubborn', () => bench.view('stubborn').state === 'running', context);
  const pids = ['good', 'stubborn'].map((name) => bench.view(name).pid!);
  assert.ok(pids.every(isAlive));
  await bench.supervisor.stop();
  assert.ok(!pids.some(isAlive));
  const stubborn = bench.view('stubborn').instance;
  assert.deepEqual(readdirSync(join(bench.dir, 'inputs')), [`${stubborn}.log`]);
  assert.deepEqual(
    bench.supervisor.views().map((view) => view.state),
    ['stopped', 'stopped'],
  );
});

test(
  'stopped before it runs, it keeps the log of the start before',
  testTimeout,
  async (context) => {
    let isLoaded = false;
    const onSignalRing = (): Promise<void> => {
      isLoaded = true;
      return new Promise(() => {});
    };
    const bench = new Bench({ good: buyer }, { onSignalRing });
    context.after(() => bench.close());
    mkdirSync(join(bench.dir, 'inputs'));
    const log = join(bench.dir, 'inputs', '1.log');
    writeFileSync(log, 'what was cut off');
    await bench.supervisor.start();
    await bench.until('loaded', () => isLoaded, context);
    await bench.supervisor.stop();
    assert.equal(bench.view('good').instance, 1);
    assert.equal(readFileSync(log, 'utf8'), 'what was cut off');
  },
);

const counter = plugin(`
  seen: 0,
  onTick(tick, context) { this.seen += 1; if (this.seen % 5 === 0) context.buy(1, 1n); },
  snapshot() { return { seen: this.seen }; },
  restore(snapshot, context) {
    if (!(snapshot.seen > 0)) throw new Error('poisoned');
    this.seen = snapshot.seen;
    context.log('restored');
  }`);

test('a snapshot outlives a kill; a poisoned one is dropped', testTimeout, async (context) => {
  const restart = { backOffMs: 20, failuresMax: 5 };
  const bench = new Bench({ counter }, { restart });
  context.after(() => bench.close());
  const snapshot = async (): Promise<number> => {
    const kept = await readSnapshot(bench.registry, 'counter', 1);
    return kept === undefined ? 0 : (JSON.parse(kept.json) as { seen: number }).seen;
  };
  await bench.supervisor.start();
  while ((await snapshot()) < 50) await delay(10);
  const saved = await snapshot();
  process.kill(bench.view('counter').pid!, 'SIGKILL');
  await bench.until('restart', () => bench.view('counter').restarts === 1, context);
  await bench.until('running', () => bench.view('counter').state === 'running', context);
  while ((await snapshot()) <= saved) await delay(10);
  await writeSnapshot(bench.registry, 'counter', 1, { json: '{"seen":-1}', orders: 0 });
  process.kill(bench.view('counter').pid!, 'SIGKILL');
  await bench.until('restarts', () => bench.view('counter').restarts >= 2, context);
  await bench.until('running', () => bench.view('counter').state === 'running', context);
});

test(
  'no process outlives a node that was killed, not even one in an endless loop',
  testTimeout,
  async (context) => {
    const dir = mkdtempSync(join(tmpdir(), 'ndts-orphan-'));
    context.after(() => rmSync(dir, { recursive: true, force: true }));
    writeFileSync(join(dir, 'loops.mjs'), 'for (;;);');
    const load = { type: 'load', plugin: join(dir, 'loops.mjs') };
    const child = JSON.stringify(new URL('./child.js', import.meta.url).href);
    const program = `
    import { spawnStrategyChild } from ${child};
    const events = { onMessage() {}, onOutput() {}, onExit() {} };
    const child = spawnStrategyChild(48, events);
    await child.send(${JSON.stringify(load)});
    console.log(child.pid);
    setInterval(() => {}, 1000);`;
    const node = spawn(process.execPath, ['--input-type=module', '-e', program]);
    const [line] = (await once(node.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    await delay(300);
    assert.ok(isAlive(pid));
    node.kill('SIGKILL');
    while (isAlive(pid) && !context.signal.aborted) await delay(20);
    assert.ok(!isAlive(pid));
  },
);

test('a process whose node died before it came up ends too', testTimeout, async (context) => {
  const dir = mkdtempSync(join(tmpdir(), 'ndts-orphan-'));
  context.after(() => rmSync(dir, { recursive: true, force: true }));
  writeFileSync(join(dir, 'loops.mjs'), 'for (;;);');
  const hostMain = fileURLToPath(new URL('./host-main.js', import.meta.url));
  // The pid it is told is not its parent's.
  const child = spawn(process.execPath, [hostMain, '1'], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    serialization: 'advanced',
  });
  context.after(() => child.kill('SIGKILL'));
  child.send({ type: 'load', plugin: join(dir, 'loops.mjs') });
  const [, signal] = (await once(child, 'exit', { signal: context.signal })) as [null, string];
  assert.equal(signal, 'SIGKILL');
});

test(
  'a found strategy is started, loaded anew with its state, stopped',
  testTimeout,
  async (context) => {
    const bench = new Bench({}, { filesMs: 50 });
    context.after(() => bench.close());
    const { supervisor } = bench;
    const write = (text: string): void => {
      mkdirSync(join(bench.dir, 'found'), { recursive: true });
      writeFileSync(join(bench.dir, 'found', 'mine.ts'), text);
    };
    const code = (word: string): string => `
    import { defineStrategy, factor } from '@ndts/calc-node/strategy';
    export const strategy = defineStrategy({
      name: 'mine', version: '1', params: {},
      factors: { mean: factor('sma(price, 2)') },
      state: () => ({ seen: 0 as number }),
      onTick(_, { state }) { state.seen += 1; },
      onTimer(context) { context.log(\`${word} \${context.state.seen} \${context.factor.mean}\`); },
      timerIntervalMs: 20,
      snapshot: ({ state }) => state.seen,
      restore(seen, { state }) { state.seen = seen as number; },
    });`;
    const lines = (word: string): string[] =>
      supervisor
        .log('mine', 1000)
        .map((line) => line.text)
        .filter((text) => text.startsWith(word));
    await supervisor.start();
    assert.deepEqual(supervisor.views(), []);
    write(code('first'));
    await supervisor.startByName('mine');
    await bench.until('lines', () => lines('first').length > 2, context);
    assert.match(lines('first').at(-1)!, / 100$/);
    write(code('second'));
    await bench.until('loaded anew', () => lines('second').length > 2, context);
    const seen = (line: string): number => Number(line.split(' ')[1]);
    assert.ok(seen(lines('second')[0]!) > seen(lines('first').at(-1)!), 'its state was kept');
    assert.equal(bench.view('mine').restarts, 1);
    const stopped = await supervisor.stopByName('mine');
    assert.deepEqual([stopped.state, stopped.pid], ['stopped', undefined]);
    assert.equal((await bench.registry.get('strategies/mine/wanted'))?.value, 'no');
    assert.equal(supervisor.log('mine', 1).at(-1)?.text, 'stopped');
    await assert.rejects(supervisor.startByName('nobody'), { code: 'NOT_FOUND' });
  },
);

test('a parked strategy starts again when a person says so', testTimeout, async (context) => {
  const bench = new Bench({ throws: plugin("onTick() { throw new Error('still'); }") });
  context.after(() => bench.close());
  await bench.supervisor.start();
  await bench.until('parked', () => bench.view('throws').state === 'parked', context);
  bench.supervisor.restart('throws');
  assert.equal(bench.view('throws').state, 'starting');
  await bench.until('parked', () => bench.view('throws').state === 'parked', context);
  assert.equal(bench.view('throws').restarts, 5);
  assert.throws(() => bench.supervisor.restart('nobody'), /nobody/);
});

/** Sees every tick, or fails. */
const seesEvery = plugin(`state: () => ({ seen: 0 }),
    onTick({ sequence }, { state }) {
      state.seen += 1;
      if (state.seen !== sequence - state.first + 1 && state.first !== undefined) throw 'missed';
      state.first ??= sequence;
    },
    onTimer(context) { context.buy(1, BigInt(context.state.seen)); },
    timerIntervalMs: 20,
    snapshot: ({ state }) => state,
    restore(saved, { state }) { Object.assign(state, saved); }`);

test(
  'overtaken by the writer of the rings, it still has every tick',
  testTimeout,
  async (context) => {
    const bench = new Bench({ every: seesEvery });
    context.after(() => bench.close());
    bench.hasHistory = true;
    await bench.supervisor.start();
    const ordinals = (): number => bench.ordinals.get(bench.view('every').instance)?.length ?? 0;
    await bench.until('signals', () => ordinals() > 5, context);
    for (let part = 0; part < 3; part += 1) {
      const [before, { ticks }] = [ordinals(), bench.view('every')];
      // Stopped, it can't keep pace however fast it is.
      process.kill(bench.view('every').pid!, 'SIGSTOP');
      bench.burst();
      process.kill(bench.view('every').pid!, 'SIGCONT');
      await bench.until('behind it', () => bench.view('every').ticks >= ticks + 4800, context);
      await bench.until('signals', () => ordinals() > before, context);
    }
    const { reason, restarts, lapped } = bench.view('every');
    assert.deepEqual([reason, restarts, lapped > 0], ['', 0, true]);
  },
);

test('killed, it goes on with every tick and the ordinals it had', testTimeout, async (context) => {
  const bench = new Bench({ every: seesEvery }, { restart: { backOffMs: 20, failuresMax: 9 } });
  context.after(() => bench.close());
  bench.hasHistory = true;
  await bench.supervisor.start();
  const ordinals = (): bigint[] => bench.ordinals.get(bench.view('every').instance) ?? [];
  for (let kill = 0; kill < 3; kill += 1) {
    const before = ordinals().length;
    await bench.until('signals', () => ordinals().length > before + 5, context);
    process.kill(bench.view('every').pid!, 'SIGKILL');
    await bench.until('killed', () => bench.view('every').state === 'backing-off', context);
    await bench.until('running', () => bench.view('every').state === 'running', context);
  }
  const known = ordinals().length;
  await bench.until('signals', () => ordinals().length > known, context);
  const different = [...new Set(ordinals())];
  const first = different[0]!;
  const expected = different.map((_, at) => first + BigInt(at));
  assert.deepEqual(different, expected, 'one after the other, under the ordinals of one start');
  assert.match(bench.view('every').reason, /SIGKILL/);
});
